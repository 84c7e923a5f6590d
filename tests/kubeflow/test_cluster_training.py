"""Training on the pods of a cluster: the real client, real processes, a double of the API."""

import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from modules.errors import SpecError
from modules.training import kubernetes
from modules.training.kubernetes.launch import Launch, launch
from modules.training.launcher import WorkerLost
from tests.end_to_end.processes import lives
from tests.kubeflow.api import trainings
from tests.kubeflow.api.cluster import BROKEN, IDLE, MISSING, REFUSING, TALKING, cluster
from tests.kubeflow.api.jobs import bare
from tests.kubeflow.api.launches import assert_nothing_is_left, launched, names, pods
from tests.kubeflow.api.trainings import clustered, launching
from tests.modules.training.jobs import FEATURES, rows
from tests.modules.training.workers import wait_for

pytestmark = pytest.mark.timeout(900)  # every pod that trains imports TensorFlow


@pytest.fixture
def found(tmp_path, monkeypatch):
    """A cluster that this process may launch on, as the pod `launcher`."""
    with cluster(tmp_path) as found:
        for name, value in found.add_launcher("launcher").items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture(scope="session")
def kept(tmp_path_factory, transform):
    """`kept("undisturbed")`: what is left of that training, which runs once a session."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of the session: pytest's own processes share the results

    def kept(name):
        file = folder / f"cluster-{name}"
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not file.exists():
                data = transform(FEATURES, rows())
                report = getattr(trainings, name)(data, tmp_path_factory.mktemp(name))
                file.write_text(json.dumps(report), "utf-8")
            return json.loads(file.read_text("utf-8"))

    return kept


@pytest.mark.slow
def test_two_pods_train_and_the_step_gets_the_model(kept):
    report = kept("undisturbed")

    assert report["history"]["steps_taken"] == 50
    assert report["history"]["replicas"] == 2
    assert report["history"]["restarts"] == []
    assert {"model/saved_model.pb", "model/variables/variables.index", "run/history.json"} <= {
        *report["files"]
    }
    assert "run/fingerprint" not in report["files"]
    assert "run/checkpoint.npz" not in report["files"]


@pytest.mark.slow
def test_progress_and_the_lines_of_each_worker_are_told(kept):
    lines = kept("undisturbed")["said"].splitlines()

    assert any(line.startswith("epoch 5 of 5, step ") for line in lines)
    assert {line[:10] for line in lines if line.startswith("[worker ")} == {
        "[worker 0]",
        "[worker 1]",
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["undisturbed", "disturbed"])
def test_nothing_is_left_on_the_cluster_nor_on_the_volume(kept, name):
    report = kept(name)

    assert report["objects"] == [[], []]
    assert report["pods"] == report["shared"] == []


@pytest.mark.slow
def test_a_training_whose_worker_launch_and_chief_were_killed_ends_as_if_they_had_not_been(kept):
    report, expected = kept("disturbed"), kept("undisturbed")

    assert report["weights"] == pytest.approx(expected["weights"], abs=1e-6)
    assert [record["step"] for record in report["history"]["steps"]] == list(range(1, 51))
    for epoch, reference in zip(
        report["history"]["epochs"], expected["history"]["epochs"], strict=True
    ):
        assert epoch["val_loss"] == pytest.approx(reference["val_loss"], abs=1e-5)


@pytest.mark.slow
def test_each_killed_pod_is_told_with_the_signal_that_ended_it(kept):
    report = kept("disturbed")

    restarts = report["history"]["restarts"]
    assert [each["reason"] for each in restarts] == [
        f"worker {index} of the training (pod {pod}) was ended by SIGKILL"
        for index, pod in zip((1, 0), report["killed"], strict=True)
    ]
    assert 10 <= restarts[0]["step"] < restarts[1]["step"] == 50  # all steps were taken by then


@pytest.mark.slow
def test_a_launch_after_a_killed_one_goes_on_with_its_pods_as_their_owner(kept):
    report = kept("disturbed")

    before, after = report["owners"]
    assert [number for number, _ in after] == [number for number, _ in before]
    assert [name for _, name in before] == ["first", "first"]
    assert [name for _, name in after] == ["second", "second"]
    assert "goes on with the workers of headrace-" in report["said"]


@pytest.mark.slow
def test_a_users_mistake_in_a_pod_is_told_at_once(found, transform, tmp_path):
    (tmp_path / "out").mkdir()
    text = (
        "import beside\ndef build(columns, head, settings):\n    raise RuntimeError(beside.WHY)\n"
    )
    (tmp_path / "out" / "own.py").write_text(text, "utf-8")
    (tmp_path / "out" / "beside.py").write_text("WHY = 'no luck'\n", "utf-8")
    data = transform(FEATURES, rows())
    job = clustered(found, data, tmp_path / "out", model={"family": "own.py:build"})

    with pytest.raises(SpecError) as raised:
        launch(job)

    assert raised.value.problems == ("model.family: own.py:build raises RuntimeError: no luck",)
    assert_nothing_is_left(found)


def test_an_exit_code_that_means_a_mistake_fails_the_job_without_another_try(found, tmp_path):
    seen = set()
    create = found.store.create

    def counting(plural, namespace, body):
        seen.add((plural, body["metadata"]["name"]))
        return create(plural, namespace, body)

    found.store.create = counting

    with pytest.raises(SpecError) as raised:
        launch(bare(found, tmp_path / "out", image=REFUSING))

    assert raised.value.problems == ("the spec is wrong",)
    assert len([name for plural, name in seen if plural == "pods"]) == 2
    assert_nothing_is_left(found)


def test_pods_that_die_too_often_are_told_with_the_last_words_of_one(found, tmp_path, capsys):
    with pytest.raises(
        WorkerLost,
        match=r"(?s)^worker \d of the training \(pod headrace-\w+-\d-\w+\) was ended with code 3, "
        r"and training.max_restarts \(1\) is used up. It said at last:\n  I feel unwell$",
    ):
        launch(bare(found, tmp_path / "out", {"max_restarts": 1}, image=BROKEN))

    assert "[worker 0] I feel unwell\n" in capsys.readouterr().out
    assert_nothing_is_left(found)


def test_a_pod_that_is_evicted_is_made_again_and_does_not_count(found, tmp_path):
    job = bare(found, tmp_path / "out", {"max_restarts": 0}, image=IDLE)
    with launched(job, found) as failures:
        wait_for(lambda: len(found.running()) == 2)
        before = found.running()

        found.evict(before[1])

        wait_for(lambda: failures or found.running().get(1, before[1]) != before[1])
        assert found.running()[0] == before[0]

    assert failures == []
    assert (tmp_path / "out" / "model" / "saved_model.pb").exists()
    assert_nothing_is_left(found)


def test_sigterm_removes_pods_and_inputs_and_keeps_checkpoints_for_the_next_launch(found, tmp_path):
    job = bare(found, tmp_path / "out", image=IDLE)
    stage = Launch.of(job).stage
    with launching(job, {}) as (process, said):
        wait_for(lambda: len(found.running()) == 2 or process.poll() is not None)
        (stage.run / "checkpoint.npz").touch()

        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == 128 + signal.SIGTERM, said.read_text("utf-8")
    wait_for(lambda: not pods(found), seconds=30)
    assert names(found, "jobs") == names(found, "services") == []
    assert list(found.shared.iterdir()) == [stage.run]
    assert (stage.run / "checkpoint.npz").exists()


@pytest.mark.parametrize(("image", "running"), [(IDLE, 2), (MISSING, 0)])
def test_what_a_killed_launch_leaves_goes_with_its_pod(found, tmp_path, image, running):
    job = bare(found, tmp_path / "out", image=image)
    with launched(job, found) as failures:
        wait_for(lambda: len(pods(found)) == 2 and len(found.running()) == running)

        found.store.forget("launcher")

        wait_for(lambda: not found.all("jobs") and not found.all("services") and not pods(found))
        wait_for(lambda: bool(failures))
    assert "somebody removed it, or the pod that owned it was deleted" in str(failures[0])


def test_every_line_is_told_once_however_often_the_connection_breaks(found, tmp_path, capfd):
    # 4 lines a second at most: so many come twice, as a log is read on from a whole second.
    found.rules.lines_at_once = 6
    said = []
    with launched(bare(found, tmp_path / "out", image=TALKING), found):
        wait_for(lambda: said.extend(capfd.readouterr().out.splitlines()) or len(said) >= 20)
    said += capfd.readouterr().out.splitlines()

    for worker in (0, 1):
        assert [line for line in said if line.startswith(f"[worker {worker}]")] == [
            f"[worker {worker}] line {number}" for number in range(1, 11)
        ]


def test_no_pod_of_the_double_outlives_it(tmp_path):
    program = """
import os, pathlib, sys, time
from tests.kubeflow.api.cluster import IDLE, cluster
from tests.kubeflow.api.jobs import bare
from modules.training.kubernetes import api
from modules.training.kubernetes.launch import Launch
from modules.training.kubernetes.objects import Objects
folder = pathlib.Path(sys.argv[1])
with cluster(folder) as found:
    os.environ |= found.env
    launched = Launch.of(bare(found, folder / "out", image=IDLE))
    Objects(api.connect("team"), launched.group, "f" * 64).create()
    while len(found.running()) < 2:
        time.sleep(0.02)
    print(*(found.kubelet.number(pod) for pod in found.running().values()), flush=True)
    time.sleep(1000)
"""
    root = pathlib.Path(kubernetes.__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        numbers = [int(number) for number in process.stdout.readline().split()]
        process.kill()

    assert len(numbers) == 2
    wait_for(lambda: not any(map(lives, numbers)), seconds=30)
