"""Workers that train together, are killed, and go on: real processes, as on a user's machine."""

import pathlib
import signal
import subprocess
import sys
import textwrap

import pytest

from modules.errors import SpecError
from modules.training import history
from modules.training.launcher import WorkerLost, launch
from modules.training.trainer import train
from tests.modules.training.jobs import FEATURES, MODEL, TRAINING, job, joined, rows
from tests.modules.training.workers import alive, killing, step, wait_for

# Every process imports TensorFlow, some seconds each on one processor.
pytestmark = pytest.mark.timeout(900)

# Steps of some 50 ms, so that a kill falls between them and not after them.
LONG = {
    "model": MODEL | {"hidden": [512, 512]},
    "copies": 100,
    "batch_size": 2000,
    "steps": 50,
    "steps_per_execution": 1,
    "checkpoint_steps": 1,
}
SHARED = {"strategy": "multi_worker", "workers": 2}
SERVED = {"strategy": "parameter_server", "workers": 1}


@pytest.fixture(scope="module")
def data(transform):
    return transform(FEATURES, rows())


@pytest.fixture(scope="module")
def launched(data, tmp_path_factory):
    """The folder of a training by several workers, and its history."""

    def launched(**given):
        folder = tmp_path_factory.mktemp("launched")
        launch(job(data, folder, **SHARED | given))
        return folder, history.read(folder / "run")

    return launched


@pytest.fixture(scope="module")
def alone(data, tmp_path_factory):
    """The same by this process alone."""

    def alone(**given):
        folder = tmp_path_factory.mktemp("alone")
        train(job(data, folder, **given))
        return folder, history.read(folder / "run")

    return alone


@pytest.fixture(scope="module")
def undisturbed(launched):
    return launched(**LONG)


def own_model(folder: pathlib.Path, body: str) -> dict[str, str]:
    """The `[model]` table of a user's builder."""
    text = textwrap.indent(textwrap.dedent(body), "    ")
    text = f"import json, os, signal, time\n\ndef build(columns, head, settings):\n{text}\n"
    (folder / "own.py").write_text(text, "utf-8")
    return {"family": "own.py:build"}


def assert_same_training(one, other, tolerance):
    folder, found = one
    expected_folder, expected = other
    assert joined(folder / "model") == pytest.approx(
        joined(expected_folder / "model"), abs=tolerance
    )
    for epoch, reference in zip(found["epochs"], expected["epochs"], strict=True):
        metrics = [name for name in reference if name == "loss" or name.startswith("val_")]
        assert len(metrics) > 3
        for name in metrics:
            assert epoch[name] == pytest.approx(reference[name], abs=1e-5), name


def test_two_workers_end_with_the_weights_and_metrics_of_one_process(launched, alone):
    found, expected = launched(steps=50), alone(steps=50)

    # 50 steps of plain descent: nothing but the order of the sums differs. With 8 units and not
    # the 1,024 of LONG: of 10 million inputs to a ReLU some are so near to 0 that another order
    # puts them on its other side, and the weights of that unit differ by 1e-4.
    assert (found[1]["replicas"], expected[1]["replicas"]) == (2, 1)
    assert found[1]["steps_taken"] == expected[1]["steps_taken"] == 50
    assert_same_training(found, expected, 1e-5)


@pytest.mark.slow
def test_four_workers_end_with_the_weights_and_metrics_of_one_process(launched, alone):
    training = {"steps": 50, "optimizer": "adam", "learning_rate": 0.01}

    found, expected = launched(workers=4, **training), alone(**training)

    # Adam divides by the size of the gradient, and so makes much of what little differs.
    assert found[1]["replicas"] == 4
    assert_same_training(found, expected, 1e-4)


def test_an_undisturbed_training_tells_of_no_restart_and_leaves_no_process(undisturbed):
    folder, found = undisturbed

    assert found["restarts"] == []
    assert found["parity"]["largest"] <= found["parity"]["bound"]
    assert alive(folder / "run") == {}


@pytest.fixture(scope="module")
def survived(data, tmp_path_factory):
    """A training of which a worker, the chief and a worker again were killed."""
    folder = tmp_path_factory.mktemp("survived")
    with killing(folder / "run", ("worker 1", 0), ("worker 0", 10), ("worker 1", 30)) as killed:
        launch(job(data, folder, **SHARED | LONG))
    return folder, history.read(folder / "run"), killed


@pytest.mark.slow
def test_each_killed_worker_is_told_with_the_signal_that_ended_it(survived):
    _, found, killed = survived

    assert [each["reason"] for each in found["restarts"]] == [
        f"worker {index} of the training (process {process}) was ended by SIGKILL"
        for index, process in zip((1, 0, 1), killed, strict=True)
    ]


@pytest.mark.slow
def test_each_restart_is_told_with_the_step_of_the_last_checkpoint(survived):
    first, second, third = (each["step"] for each in survived[1]["restarts"])

    # Each step has a checkpoint. The first worker was killed while it imported TensorFlow.
    assert first == 0
    assert 10 <= second < 30 <= third <= 50


@pytest.mark.slow
def test_a_training_whose_workers_are_killed_ends_as_if_they_had_not_been(survived, undisturbed):
    folder, found, _ = survived

    assert joined(folder / "model") == pytest.approx(joined(undisturbed[0] / "model"), abs=1e-6)
    assert_same_training((folder, found), undisturbed, 1e-6)
    assert [record["step"] for record in found["steps"]] == list(range(1, 51))


@pytest.mark.slow
def test_no_worker_is_left_of_any_restart(survived):
    folder, _, killed = survived

    assert len(set(killed)) == 3
    assert alive(folder / "run") == {}


@pytest.mark.slow
def test_workers_beside_a_parameter_server_learn_what_one_process_learns(launched, alone):
    training = {
        "epochs": 10,
        "steps": None,
        "steps_per_execution": 1,
        "model": {"family": "tabm", "members": 2, "hidden": [8]},
        "optimizer": "adamw",
        "learning_rate": 0.02,
        "precision": "bfloat16",
        "clip_norm": 1.0,
        "class_weights": "balanced",
        # No epoch but the first betters it by that much: a third of the rate after 4, 7, 10.
        "callbacks": [
            *TRAINING["callbacks"],
            {"name": "reduce_lr_on_plateau", "patience": 3, "min_delta": 10.0, "factor": 0.33},
        ],
    }

    folder, found = launched(**SERVED | {"workers": 2}, **training)
    _, expected = alone(**training)

    assert found["training"]["strategy"] == "parameter_server"
    assert (found["steps_taken"], found["restarts"]) == (100, [])
    # Steps are taken on weights that another step has since moved: near is all they can be.
    losses = [each["epochs"][each["best_epoch"] - 1]["val_loss"] for each in (found, expected)]
    assert losses[0] == pytest.approx(losses[1], abs=0.05)
    assert losses[0] < found["epochs"][0]["val_loss"] - 0.1
    rates = [[epoch["learning_rate"] for epoch in each["epochs"]] for each in (found, expected)]
    assert rates[0] == pytest.approx(rates[1])
    assert rates[0][0] > rates[0][-1]
    assert found["parity"]["largest"] <= found["parity"]["bound"]
    assert alive(folder / "run") == {}


@pytest.mark.slow
def test_a_killed_worker_and_a_killed_parameter_server_are_replaced(data, tmp_path):
    given = SERVED | {"copies": 20, "steps": 400, "steps_per_execution": 1, "checkpoint_steps": 10}

    with killing(tmp_path / "run", ("worker 0", 10), ("ps 0", 100)) as killed:
        launch(job(data, tmp_path, **given))

    found = history.read(tmp_path / "run")
    assert [each["reason"] for each in found["restarts"]] == [
        f"{name} of the training (process {process}) was ended by SIGKILL"
        for name, process in zip(("worker 0", "parameter server 0"), killed, strict=True)
    ]
    first, second = (each["step"] for each in found["restarts"])
    assert 10 <= first < 100 <= second <= 400
    assert found["steps_taken"] == found["steps"][-1]["step"] == 400
    assert found["epochs"][-1]["val_loss"] < found["epochs"][0]["val_loss"]
    assert alive(tmp_path / "run") == {}


def test_a_worker_that_dies_too_often_is_told_with_its_last_words(data, tmp_path):
    model = own_model(
        tmp_path,
        """
        if json.loads(os.environ["TF_CONFIG"])["task"]["index"] == 1:
            print("I feel unwell", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(100)  # the other one is ended with it, and has nothing to say before
        """,
    )

    with pytest.raises(
        WorkerLost,
        match=r"(?s)^worker 1 of the training \(process \d+\) was ended by SIGKILL, and "
        r"training.max_restarts \(0\) is used up. It said at last:\n.*\n  I feel unwell$",
    ):
        launch(job(data, tmp_path, **SHARED, max_restarts=0, model=model))

    assert alive(tmp_path / "run") == {}
    assert not (tmp_path / "model").exists()


def test_a_users_mistake_in_a_worker_is_told_at_once(data, tmp_path, caplog):
    model = own_model(tmp_path, "raise RuntimeError('no luck')")

    with caplog.at_level("INFO", "headrace.progress"), pytest.raises(SpecError) as raised:
        launch(job(data, tmp_path, **SHARED, model=model))

    assert raised.value.problems == ("model.family: own.py:build raises RuntimeError: no luck",)
    assert "start again" not in caplog.text
    assert alive(tmp_path / "run") == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign", "spread", "expected"),
    [
        (signal.SIGKILL, SHARED, ["worker 0", "worker 1"]),
        (signal.SIGINT, SHARED, ["worker 0", "worker 1"]),
        (signal.SIGKILL, SERVED, ["chief 0", "ps 0", "worker 0"]),
    ],
    ids=["SIGKILL", "SIGINT", "SIGKILL beside a parameter server"],
)
def test_no_worker_outlives_whoever_launched_it(data, tmp_path, sign, spread, expected):
    program = """
import pathlib, signal, sys
from modules.training.job import Job
from modules.training.launcher import launch
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
launch(Job.model_validate_json(pathlib.Path(sys.argv[1]).read_text("utf-8")))
"""
    file, run = tmp_path / "launched.json", tmp_path / "run"
    long = LONG | {"steps": 5000}
    file.write_text(job(data, tmp_path, **spread | long).model_dump_json(), "utf-8")
    launcher = subprocess.Popen([sys.executable, "-c", program, str(file)])
    try:
        wait_for(lambda: step(run) > 0 or launcher.poll() is not None)
        assert sorted(alive(run)) == expected

        launcher.send_signal(sign)

        assert launcher.wait(60) == -sign
        wait_for(lambda: not alive(run), seconds=10)
    finally:
        launcher.kill()
        launcher.wait()
    assert not (tmp_path / "model").exists()
