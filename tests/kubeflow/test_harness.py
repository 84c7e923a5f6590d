"""What flows through a run in the harness. Source files named here are of kubeflow/pipelines."""

import json

import pytest
from kfp import dsl, kubernetes

from tests.kubeflow import harness
from tests.kubeflow.harness.components import (
    cluster_in,
    compiled,
    last_words,
    listen,
    play,
    read,
    shell,
    tell,
    write,
)

_WHY = harness.unavailable()
pytestmark = pytest.mark.skipif(_WHY is not None, reason=_WHY or "")


def test_parameters_and_artifacts_flow_from_task_to_task(tmp_path):
    def pipeline(text: str = "default"):
        note = write(text=text).outputs["note"]
        write(text=read(note=note).outputs["text"])

    file = compiled(tmp_path, pipeline)

    run = harness.run(file, {"text": "a < b"}, cluster_in(tmp_path))

    run.check()
    assert run["read"].parameters == {"text": "a < b"}
    note = run["write-2"].artifacts["note"]
    assert note.path is not None
    assert note.path.read_text() == "a < b\n"
    # GenerateOutputURI, metadata/client.go, and provisionOutputs, driver.go
    root = f"minio://mlpipeline/v2/artifacts/tiny/{run.id}/write-2/"
    assert note.uri.startswith(root)
    assert note.uri.removeprefix(root).count("/") == 1  # a new id, then the output's name


def test_a_task_sees_defaults_and_an_input_without_type(tmp_path):
    def pipeline():
        listen(note=write(text="a").outputs["note"])

    run = play(tmp_path, pipeline)

    # addDefaultParams, launcher_v2.go: the driver leaves defaults to the launcher
    assert "depth" not in run["listen"].executor_input["inputs"].get("parameterValues", {})
    seen = json.loads(run["listen"].log)
    assert seen["inputs"]["parameterValues"] == {"depth": 3}
    # GetOutputArtifactsByExecutionId, metadata/client.go: the schema is not kept
    assert seen["inputs"]["artifacts"]["note"]["artifacts"][0]["type"] == {"instanceSchema": ""}
    assert seen["outputs"]["outputFile"] == "/tmp/kfp_outputs/output_metadata.json"
    # provisionOutputs, driver.go: publish_logs is true unless the server says otherwise
    logs = run["listen"].artifacts["executor-logs"].path
    assert logs is not None
    assert json.loads(logs.read_text()) == seen


def test_metadata_comes_back_as_ml_metadata_keeps_it(tmp_path):
    metadata = {"flag": True, "list": [1, "a"], "table": {"a": False}, "text": "b", "number": 2}
    told = {"artifacts": {"note": {"artifacts": [{"uri": "URI", "metadata": metadata}]}}}

    def pipeline():
        listen(note=tell(output=json.dumps(told)).outputs["note"])

    run = play(tmp_path, pipeline)

    # StructValueToMLMDValue and toRuntimeArtifact, metadata/converter.go
    seen = json.loads(run["listen"].log)["inputs"]["artifacts"]["note"]["artifacts"][0]["metadata"]
    assert seen.pop("display_name") == "note"  # RecordArtifact, metadata/client.go
    assert "minio" in seen.pop("store_session_info")
    assert seen == {
        "flag": 1,
        "list": {"list": [1, "a"]},
        "table": {"struct": {"a": False}},
        "text": "b",
        "number": 2,
    }


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ('{"artifacts": {"note": {"artifacts": [{"metadata": {"a": null}}]}}}', "'a' is null"),
        ('{"artefacts": {}}', "failed to unmarshall ExecutorOutput.*artefacts"),
        ('{"artifacts": {"note": {"artifacts": [{"uri": "minio://other/a"}]}}}', "other"),
    ],
)
def test_an_output_file_that_the_launcher_cannot_use_fails_the_task(tmp_path, output, error):
    def pipeline():
        tell(output=output)

    run = play(tmp_path, pipeline)

    with pytest.raises(AssertionError, match=error):
        run.check()


@pytest.mark.parametrize("uri", ["/tmp/elsewhere", "URI/elsewhere"])
def test_an_output_that_is_not_uploaded_ends_the_run(tmp_path, uri):
    # uploadOutputArtifacts, launcher_v2.go, only warns of either
    told = {"artifacts": {"note": {"artifacts": [{"uri": uri}]}}}

    def pipeline():
        tell(output=json.dumps(told))

    with pytest.raises(harness.Trap, match=r"'note' of 'tell' is not uploaded.*elsewhere"):
        play(tmp_path, pipeline)


def test_files_left_beside_the_outputs_are_told_of(tmp_path):
    def pipeline():
        shell(script="mkdir -p /minio/mlpipeline/a; touch /minio/mlpipeline/a/b")

    assert play(tmp_path, pipeline)["shell"].stray == ("/minio/mlpipeline/a/b",)


def test_an_empty_folder_is_nothing_to_an_object_store(tmp_path):
    @dsl.container_component
    def folder(note: dsl.Output[dsl.Artifact]):
        return dsl.ContainerSpec(image="any", command=["mkdir"], args=[note.path])

    @dsl.container_component
    def look(note: dsl.Input[dsl.Artifact]):
        return dsl.ContainerSpec(image="any", command=["test", "!", "-e"], args=[note.path])

    def pipeline():
        look(note=folder().outputs["note"])

    run = play(tmp_path, pipeline)

    run.check()
    assert run["folder"].artifacts["note"].keys == ()


def test_after_a_failure_nothing_more_is_started_but_the_exit_task(tmp_path):
    def pipeline():
        with dsl.ExitHandler(last_words()):
            bad = shell(script="echo too bad; exit 3")
            shell(script="echo never").after(bad)
        shell(script="true")

    run = play(tmp_path, pipeline)

    with pytest.raises(AssertionError, match="exit status 3\ntoo bad"):
        run.check()
    assert run["exit-handler-1/shell"].exit_code == 3
    assert run["exit-handler-1/shell-2"].state == harness.State.NOT_STARTED
    assert run["shell-3"].state == harness.State.COMPLETE  # in the same wave as the handler
    # TaskFinalStatus in resolve.go, UpdateDAGExecutionsState in metadata/client.go
    status = json.loads(run["last-words"].log)
    assert (status["state"], status["pipelineTaskName"]) == ("FAILED", "exit-handler-1")
    assert status["error"] == {}


def test_the_exit_task_learns_of_success(tmp_path):
    def pipeline():
        with dsl.ExitHandler(last_words()):
            shell(script="true")

    run = play(tmp_path, pipeline)

    run.check()
    assert json.loads(run["last-words"].log)["state"] == "COMPLETE"


def test_a_task_is_retried_in_a_new_pod_with_the_same_output(tmp_path):
    volume = tmp_path / "volume"
    volume.mkdir()
    script = """
        test ! -e /tmp/seen; touch /tmp/seen  # a new pod
        echo x >> /data/count; test $(wc -l < /data/count) = 3
    """

    def pipeline():
        task = shell(script=script)
        task.set_retry(2)
        kubernetes.mount_pvc(task, "data", "/data")

    run = play(tmp_path, pipeline, claims={"data": volume})

    run.check()
    assert [attempt.exit_code for attempt in run["shell"].attempts] == [1, 1, 0]


def test_a_task_without_a_retry_policy_takes_that_of_the_pipeline_it_is_in(tmp_path):
    @dsl.pipeline
    def inner():
        shell(script="false")

    def pipeline():
        inner().set_retry(1)

    # dfs in compiler/visitor.go
    assert len(play(tmp_path, pipeline)["inner/shell"].attempts) == 2


def test_a_pod_is_ended_at_its_deadline(tmp_path):
    def pipeline():
        kubernetes.set_timeout(shell(script="echo begun; sleep 60"), 1)

    run = play(tmp_path, pipeline)

    task = run["shell"]
    assert (task.exit_code, task.log) == (None, "begun\n")
    assert task.error is not None
    assert task.error.startswith("DeadlineExceeded")


def test_a_pipeline_within_hands_on_inputs_and_outputs(tmp_path):
    @dsl.pipeline
    def inner(note: dsl.Input[dsl.Artifact]) -> dsl.Artifact:
        listen(note=note)
        return write(text=read(note=note).outputs["text"]).outputs["note"]

    def pipeline():
        read(note=inner(note=write(text="deep").outputs["note"]).output)

    run = play(tmp_path, pipeline)

    run.check()
    assert run["read"].parameters == {"text": "deep"}
    # toRuntimeArtifact, metadata/converter.go: here the type is missing altogether
    given = json.loads(run["inner/listen"].log)["inputs"]["artifacts"]["note"]["artifacts"][0]
    assert "type" not in given


def test_an_importer_names_what_is_in_the_object_store(tmp_path):
    def pipeline(uri: str):
        note = dsl.importer(artifact_uri=uri, artifact_class=dsl.Artifact, metadata={"a": [1]})
        read(note=note.output)

    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "given").write_text("there")
    file = compiled(tmp_path, pipeline)

    run = harness.run(file, {"uri": "minio://mlpipeline/given"}, cluster_in(tmp_path))
    other = harness.run(file, {"uri": "https://example.org/given"}, cluster_in(tmp_path))

    run.check()
    assert run["read"].parameters == {"text": "there"}
    assert run["importer"].artifacts["artifact"].metadata["a"] == {"list": [1]}
    # as ImportSpecToMLMDArtifact of importer_launcher.go has it
    with pytest.raises(AssertionError, match=r"no provider scheme found.*https"):
        other.check()


def test_the_cache_is_never_used(tmp_path):
    def pipeline():
        write(text="a")
        write(text="b").set_caching_options(False)

    file = compiled(tmp_path, pipeline)

    for _ in range(2):
        run = harness.run(file, {}, cluster_in(tmp_path))
        assert [run[name].asks_for_cache for name in ("write", "write-2")] == [True, False]
        assert len(run["write"].attempts) == 1
