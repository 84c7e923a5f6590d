"""Runs that are killed at any point, and gone on with."""

import hashlib
import json
import os
import pathlib
import re
import signal

import pytest

from tests.end_to_end.processes import begun, kill, latest, start, wait_until, workers_of

# The same however often a run was cut short. What else there is names functions and times anew in
# each run: saved_model.pb, TensorBoard's events.
SAME = {
    "TableExampleGen": ["examples"],
    "StatisticsGen": ["statistics"],
    "Transform": ["transformed_examples"],
    "DataGate": ["report"],
}
# Some 3 s of training, with a checkpoint every few steps.
LONGER = ("training.epochs=40", "training.checkpoint_steps=7")


def settings(*overrides):
    return [word for override in overrides for word in ("--set", override)]


def left_in(runs):
    """What the latest run in a folder left, as far as it is the same each time."""
    found = {}
    for file in sorted((sorted(runs.glob("2*"))[-1] / "records").glob("*.json")):
        record = json.loads(file.read_text())
        for output in SAME.get(record["node"], ()):
            (made,) = record["outputs"][output]
            found[record["node"], output] = made["contents"]
        if record["node"] == "Trainer":
            folder = pathlib.Path(record["outputs"]["model"][0]["uri"], "Format-Serving")
            weights = sorted((folder / "variables").iterdir())
            found["weights"] = [hashlib.sha256(each.read_bytes()).digest() for each in weights]
        if record["node"] == "Evaluator":
            found["metrics"] = record["finished"]["metrics"]
    return found


@pytest.fixture(scope="session")
def undisturbed():
    """What a run leaves that nobody kills; made by the first test that asks for it."""
    return {}


def compare(spec, undisturbed, json_of):
    """Holds what a resumed run left against a run that was never cut short."""
    if not undisturbed:
        anew = spec.parent / "anew"
        code, _ = json_of("run", spec, "--runs", anew, *settings(*LONGER))
        assert code == 0
        undisturbed.update(left_in(anew))
    assert left_in(spec.parent / "runs") == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("victim", "node"),
    [
        ("command", "StatisticsGen"),
        ("node", "Transform"),
        ("worker", "Trainer"),
        ("node", "Trainer"),
    ],
)
def test_a_killed_run_is_gone_on_with_to_the_artifacts_of_an_undisturbed_one(
    victim, node, birds, command, json_of, undisturbed
):
    run = start(command, birds, *settings(*LONGER))
    wait_until(lambda: begun(birds, node))
    if node == "Trainer":  # killed between two checkpoints, wherever it is
        wait_until(lambda: list((birds.parent / "runs" / "checkpoints").rglob("checkpoint.npz")))
    worker, *nodes = workers_of(birds)
    kill({"command": run.pid, "worker": worker, "node": nodes[-1] if nodes else worker}[victim])
    run.communicate(timeout=60)
    wait_until(lambda: not workers_of(birds), seconds=20)

    code, result = json_of("run", birds, "--resume")

    assert code == 0, result["reason"]
    states = {node["name"]: node["cached"] for node in result["nodes"]}
    assert states["ImportSchemaGen"]  # was done, and is not done again
    if node == "Trainer":
        assert states["Transform"]
        (restart,) = trained(birds)["restarts"]
        assert restart["step"] > 0
        assert restart["reason"] == "it went on from the checkpoint of an earlier try"
    compare(birds, undisturbed, json_of)


def trained(spec):
    """The history of the latest run's training."""
    record = json.loads((latest(spec) / "records" / "Trainer.json").read_text())
    folder = pathlib.Path(record["outputs"]["model_run"][0]["uri"])
    return json.loads((folder / "history.json").read_text())


def first_step(spec):
    """The step at which the Trainer of the latest run first said how far it was."""
    text = (latest(spec) / "logs" / "Trainer.log").read_text()
    return int(re.search(r"step ([\d,]+) of", text)[1].replace(",", ""))


@pytest.mark.slow
def test_training_goes_on_from_its_checkpoint_unless_the_cache_is_not_wanted(
    birds, command, headrace
):
    run = start(command, birds, *settings(*LONGER))
    checkpoints = birds.parent / "runs" / "checkpoints"
    wait_until(lambda: list(checkpoints.rglob("checkpoint.npz")))
    fresh = first_step(birds)
    kill(run.pid)
    run.communicate(timeout=60)
    wait_until(lambda: not workers_of(birds), seconds=20)

    finished = headrace("run", birds, "--to", "Trainer", *settings(*LONGER))

    assert finished.returncode == 0, finished.stdout
    assert first_step(birds) > fresh
    why = {
        node["name"]: node["why"]
        for node in json.loads((latest(birds) / "result.json").read_text())["nodes"]
    }
    assert "it goes on from the checkpoints of an earlier try" in why["Trainer"]
    assert not any(checkpoints.iterdir())
    headrace("run", birds, "--only", "Trainer", *settings(*LONGER))
    assert first_step(birds) == fresh


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(birds, command):
    run = start(command, birds)
    wait_until(lambda: begun(birds, "Transform"))

    os.killpg(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=60)

    assert run.returncode == 130
    assert "--resume" in output


@pytest.mark.slow
def test_two_runs_at_once_take_turns(birds, command):
    first, second = start(command, birds), start(command, birds)

    outputs = [run.communicate(timeout=200)[0] for run in (first, second)]

    assert (first.returncode, second.returncode) == (0, 0), outputs
    assert sum("Waiting for run " in output for output in outputs) == 1
    assert sum("11 of 11 nodes from the cache" in output for output in outputs) == 1


def test_there_is_nothing_to_go_on_with_before_the_first_run(birds, headrace):
    refused = headrace("run", birds, "--resume")

    assert refused.returncode == 2
    assert "--resume: no run of spec.toml in" in refused.stdout
