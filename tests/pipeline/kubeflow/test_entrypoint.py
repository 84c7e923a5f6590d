"""What a pod does between KFP's launcher and a node's executor."""

import json
import pathlib

import pytest
from kfp.pipeline_spec import pipeline_spec_pb2 as pb
from tfx.utils import name_utils

from components.example_gen.component import TableExampleGen
from components.example_gen.config import HashSplit, Table
from components.example_gen.files import Source
from components.pusher.config import Settings
from pipeline.kubeflow import entrypoint, uris
from tests.components import served
from tests.pipeline.kubeflow import nodes

SCHEMA = "tfx.types.standard_artifacts.Schema"
MODEL = "tfx.types.standard_artifacts.Model"
BLESSING = "tfx.types.standard_artifacts.InfraBlessing"
SEEN = f"{nodes.__name__}.Seen"
RUN = "0b1c6f2e-3a1d-4a38-9d0c-6f1f2b7e9a10"


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """The folders of the launcher, where a test may write."""
    folders = {scheme: f"{tmp_path}{folder}" for scheme, folder in uris._FOLDERS.items()}
    monkeypatch.setattr(uris, "_FOLDERS", folders)
    monkeypatch.setattr(entrypoint, "_TERMINATION_LOG", tmp_path / "termination-log")
    (tmp_path / "termination-log").touch()
    return tmp_path


def pod(node, tmp_path, inputs=None, parameters=None):
    """Runs a node as KFP's launcher does; its exit code, and what it tells the launcher."""
    told = tmp_path / "kfp_outputs" / "output_metadata.json"
    # As the launcher sends it: types are empty, and metadata as ML Metadata gives it back.
    executor_input = {
        "inputs": {
            "artifacts": {
                key: {"artifacts": [{"name": "41", "type": {"instanceSchema": ""}, **artifact}]}
                for key, artifact in (inputs or {}).items()
            },
            "parameterValues": parameters or {},
        },
        "outputs": {
            "artifacts": {
                key: {"artifacts": [{"uri": f"minio://bucket/run/{key}", "type": {}}]}
                for key in node["outputs"]
            },
            "outputFile": str(told),
        },
    }
    arguments = ["--node", json.dumps(node), "--input", json.dumps(executor_input)]
    code = entrypoint.main(arguments)
    return code, json.loads(told.read_text()) if told.exists() else None


def node_of(component, **more):
    executor = f"{nodes.__name__}.{component.__name__}_Executor"
    return {"executor": executor, "outputs": {"seen": SEEN}, **more}


def test_a_users_component_gets_its_artifacts_and_properties_back_as_they_were(scratch):
    node = node_of(nodes.Look, inputs={"schema": SCHEMA}, integers=["times"])
    metadata = {"note": "curated", "columns": {"list": ["a", "b"]}}
    code, told = pod(
        node,
        scratch,
        {"schema": {"uri": "minio://bucket/schema", "metadata": metadata}},
        {"times": 3.0, "share": 0.5, "settings": "{}"},
    )

    assert code == 0
    seen = json.loads((scratch / "minio/bucket/run/seen/seen.json").read_text())
    assert seen == {
        "schema": f"{scratch}/minio/bucket/schema",
        "kind": "Schema",
        "note": "curated",
        "columns": ["a", "b"],
        "times": "3",
        "share": "0.5",
        "settings": "{}",
    }
    (artifact,) = told["artifacts"]["seen"]["artifacts"]
    assert artifact["uri"] == "minio://bucket/run/seen"
    assert artifact["metadata"]["rows"] == 7
    assert artifact["metadata"]["from"] == "minio://bucket/schema"
    assert "nothing" not in artifact["metadata"]


def test_a_parameter_of_the_run_replaces_what_was_compiled(scratch):
    node = node_of(
        nodes.Look,
        inputs={"schema": SCHEMA},
        integers=["times"],
        overlays={"push": ["settings.filesystem.folder"], "steps": ["times"]},
    )
    settings = json.dumps({"filesystem": {"folder": "/headrace/serving", "keep": 3}})
    parameters = {"times": 3.0, "share": 0.5, "settings": settings, "push": "/other", "steps": 0.0}
    metadata = {"note": "", "columns": {"struct": {}}}
    schema = {"schema": {"uri": "minio://bucket/schema", "metadata": metadata}}
    code, _ = pod(node, scratch, schema, parameters)

    seen = json.loads((scratch / "minio/bucket/run/seen/seen.json").read_text())
    assert code == 0
    assert json.loads(seen["settings"]) == {"filesystem": {"folder": "/other", "keep": 3}}
    assert seen["times"] == "3"  # 0 replaces nothing


def test_a_model_marked_absent_is_no_model(scratch):
    node = node_of(nodes.Compare, inputs={"model": MODEL})
    for metadata, expected in [({"absent": 1.0}, "none"), ({}, f"{scratch}/minio/bucket/model")]:
        pod(node, scratch, {"model": {"uri": "minio://bucket/model", "metadata": metadata}})

        assert (scratch / "minio/bucket/run/seen/seen.json").read_text() == expected


@pytest.mark.parametrize(
    ("budget", "is_pushed"), [({}, True), ({"max_p50_ms": 0.0001}, False)], ids=["fit", "slow"]
)
def test_what_the_check_of_serving_says_in_its_pod_decides_in_that_of_the_pusher(
    scratch, serialized, budget, is_pushed
):
    bucket = scratch / "minio/bucket"
    (bucket / "examples/Split-eval").mkdir(parents=True)
    served.write_examples(bucket / "examples/Split-eval/a.gz", [*map(serialized, served.ROWS)])
    served.save(bucket / "model/Format-Serving")
    served.remember(bucket / "model_run")
    model = {"uri": "minio://bucket/model"}
    checking = {
        "executor": "components.serving_validator.component.ServingValidator_Executor",
        "inputs": {
            "examples": "tfx.types.standard_artifacts.Examples",
            "model": MODEL,
            "model_run": "tfx.types.standard_artifacts.ModelRun",
        },
        "outputs": {"blessing": BLESSING},
    }
    pushing = {
        "executor": "components.pusher.executor.Executor",
        "inputs": {"model": MODEL, "infra_blessing": BLESSING},
        "outputs": {"pushed_model": "tfx.types.standard_artifacts.PushedModel"},
    }
    destination = {"filesystem": {"baseDirectory": str(scratch / "serving")}}

    given = {
        "examples": {"uri": "minio://bucket/examples", "metadata": {"split_names": '["eval"]'}},
        "model": model,
        "model_run": {"uri": "minio://bucket/model_run"},
    }
    settings = served.settings(**budget).model_dump_json()
    checked, told = pod(checking, scratch, given, {"settings": settings})
    (blessing,) = told["artifacts"]["blessing"]["artifacts"]
    passed_on = {"uri": blessing["uri"], "metadata": blessing["metadata"]}
    pushed, _ = pod(
        pushing,
        scratch,
        {"model": model, "infra_blessing": passed_on},
        {
            "push_destination": json.dumps(destination),
            "custom_config": Settings(pipeline="flights", spec="0").model_dump_json(),
        },
    )

    assert (checked, pushed) == (0, 0)
    assert blessing["metadata"]["blessed"] == int(is_pushed)
    assert blessing["metadata"]["current_model"] == "minio://bucket/model"
    assert (scratch / "serving").exists() is is_pushed


def test_bad_data_ends_the_pod_with_its_exit_code_and_one_line(scratch, capfd):
    code, told = pod(node_of(nodes.Refuse), scratch)

    line = "headrace: split 'eval': has no rows; label: has one class"
    assert (code, told) == (4, None)
    assert capfd.readouterr().err.splitlines()[-1] == line
    assert (scratch / "termination-log").read_text() == line


def test_an_output_that_would_be_lost_is_an_error(scratch, capfd):
    code, told = pod(node_of(nodes.Move), scratch)

    assert (code, told) == (2, None)
    assert "seen: the executor moved it from" in capfd.readouterr().err.splitlines()[-1]


def test_an_executor_that_is_not_in_the_image_is_named(scratch, capfd):
    node = {"executor": "tests.pipeline.kubeflow.nodes.Gone_Executor", "outputs": {}}
    code, _ = pod(node, scratch)

    assert code == 1
    assert "Gone_Executor" in capfd.readouterr().err.splitlines()[-1]


def example_gen(pattern):
    """TableExampleGen as it is compiled: the node, and its execution properties."""
    table = Table(
        format="csv",
        columns={"x": "number", "late": "text"},
        label="late",
        split=HashSplit(by="hash", train=0.5, eval=0.5),
    )
    made = TableExampleGen(Source(pathlib.Path("/gone"), pattern, "csv"), table)
    properties = {key: value for key, value in made.exec_properties.items() if value is not None}
    ends = [f"range_config.static_range.{end}_span_number" for end in ("start", "end")]
    node = {
        "executor": name_utils.get_full_name(made.executor_spec.executor_class),
        "outputs": {"examples": "tfx.types.standard_artifacts.Examples"},
        "integers": [key for key, value in properties.items() if type(value) is int],
        "resolves_span": True,
        "overlays": {"data": ["input_base"], "span": ends},
        "beam": ["--runner=FnApiRunner", "--sdk_container_image=unused"],
    }
    return node, properties


@pytest.mark.parametrize(("given", "span", "rows"), [("", 12, 40), ("7", 7, 60)])
def test_example_gen_reads_a_span_though_kubeflow_runs_no_driver(scratch, given, span, rows):
    for number, count in [(7, 60), (12, 40)]:
        (scratch / f"day-{number}").mkdir()
        lines = "\n".join(f"{number},{number % 2}" for number in range(count))
        (scratch / f"day-{number}" / "rows.csv").write_text(f"x,late\n{lines}\n")
    node, properties = example_gen("day-{SPAN}/rows.csv")

    parameters = {**properties, "data": str(scratch), "span": given}
    code, told = pod(node, scratch, parameters=parameters)

    (artifact,) = told["artifacts"]["examples"]["artifacts"]
    metadata = artifact["metadata"]
    assert code == 0
    assert json.loads(metadata["split_names"]) == ["train", "eval"]
    assert sum(json.loads(metadata["rows"]).values()) == rows
    assert metadata["custom:span"] == span  # TFX's prefix for a name that is taken
    assert metadata["input_fingerprint"].startswith("split:all,num_files:1")
    assert (scratch / "minio/bucket/run/examples/Split-train").is_dir()


def test_the_workers_of_an_engine_see_inputs_and_outputs_on_the_volume(scratch):
    volume = scratch / "volume"
    node = node_of(nodes.Look, inputs={"schema": SCHEMA}, integers=["times"], shared=str(volume))
    (scratch / "minio/bucket/schema").mkdir(parents=True)
    schema = {"uri": "minio://bucket/schema", "metadata": {"note": "", "columns": {"list": []}}}
    code, told = pod(node, scratch, {"schema": schema}, {"times": 1, "share": 1, "settings": ""})

    seen = json.loads((scratch / "minio/bucket/run/seen/seen.json").read_text())
    assert code == 0
    assert pathlib.Path(seen["schema"]).is_relative_to(volume)
    assert told["artifacts"]["seen"]["artifacts"][0]["uri"] == "minio://bucket/run/seen"
    assert list(volume.iterdir()) == []  # nothing is left there


@pytest.mark.parametrize(
    ("folder", "run"),
    [
        (f"headrace/flights/{RUN}/pusher", RUN),
        ("headrace/flights/latest/pusher", None),
    ],
)
def test_the_id_of_the_run_is_in_the_uri_of_what_a_pod_writes(folder, run):
    given = pb.ExecutorInput()
    given.outputs.artifacts["pushed_model"].artifacts.add().uri = f"minio://mlpipeline/{folder}/x"

    assert entrypoint._run_of(given) == run


def test_arguments_are_asked_for(capsys):
    with pytest.raises(SystemExit) as ended:
        entrypoint.main([])

    assert ended.value.code == 2
    assert "--node" in capsys.readouterr().err
