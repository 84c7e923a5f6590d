"""Training within a run: several workers that die, other precisions, a start from before."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest
import tensorflow as tf

SPREAD = [
    "training.strategy=multi_worker",
    "training.workers=2",
    "training.precision=bfloat16",
    "training.checkpoint_steps=7",
    "training.epochs=60",
    "training.callbacks=[{name='early_stopping', patience=1000}]",
]


def worker(spec, index):
    """The process of one worker that trains for a spec, or None."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes()
                surroundings = (entry / "environ").read_bytes()
            except OSError:
                continue
            ours = str(spec.parent).encode() in words and b"modules.training.worker" in words
            if ours and f'"index": {index}}}'.encode() in surroundings:
                return int(entry.name)
    return None


def of_the_trainer(spec, pattern):
    return list(spec.parent.glob(f"runs/artifacts/Trainer/{pattern}"))


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1], ids=["the chief", "the other worker"])
def test_a_worker_is_killed_and_the_run_ends_blessed_and_pushed(birds, command, index):
    settings = [word for key in SPREAD for word in ("--set", key)]
    run = subprocess.Popen(
        [command, "run", birds, "--json", *settings], stdout=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 200
    while not of_the_trainer(birds, "model_run/*/checkpoint.npz") and time.monotonic() < end:
        time.sleep(0.05)

    os.kill(worker(birds, index), signal.SIGKILL)
    output, _ = run.communicate(timeout=280)

    result = json.loads(output)
    assert run.returncode == 0, result["reason"]
    assert result["verdict"] == "blessed"
    (written,) = of_the_trainer(birds, "model_run/*/history.json")
    history = json.loads(written.read_text())
    (restart,) = history["restarts"]
    assert re.sub(r" \(process \d+\)", "", restart["reason"]) == (
        f"worker {index} of the training was ended by SIGKILL"
    )
    assert 7 <= restart["step"] < history["steps_taken"]  # a checkpoint was there
    assert restart["epoch"] == round(restart["step"] / history["steps_per_epoch"], 3)
    assert (history["replicas"], history["precision"]) == (2, "bfloat16")
    # every step is there once, those before the kill too
    steps = [record["step"] for record in history["steps"]]
    assert steps == sorted(set(steps))
    assert steps[-1] == history["steps_taken"] == 60 * history["steps_per_epoch"]
    assert not of_the_trainer(birds, "model_run/*/checkpoint.npz")
    pushed = tf.saved_model.load(result["pushed"])
    outputs = pushed.signatures["serving_default"].structured_outputs
    assert outputs["probabilities"].dtype == tf.float32
    assert worker(birds, 0) is worker(birds, 1) is None


@pytest.mark.slow
def test_a_second_run_starts_from_the_weights_of_the_first(birds, json_of):
    settings = ("--set", "training.warm_start=true")
    _, first = json_of("run", birds, *settings)

    code, second = json_of("run", birds, *settings)

    assert code == 0, second["reason"]
    assert "WarmStart" in {node["name"] for node in first["nodes"]}
    written = of_the_trainer(birds, "model_run/*/history.json")
    earlier, later = (
        json.loads(path.read_text())["warm_start"]
        for path in sorted(written, key=lambda path: int(path.parent.name))
    )
    assert earlier is None  # no model had been blessed
    assert later["weights"]
    assert later["fresh"] == {}
