"""A pod's process, up to where TensorFlow begins."""

import json
import os
import signal
import subprocess
import sys

import pytest

from modules.training.kubernetes.contract import REFUSED
from tests.modules.training.workers import wait_for

POD = {
    "NUM_WORKERS": "2",
    "WORKER_HOST_TEMPLATE": "job-{index}.job.team.svc:2222",
    "JOB_COMPLETION_INDEX": "0",
}


@pytest.fixture
def start(tmp_path):
    """Starts a worker of the job in `tmp_path`, which is there, but nobody reads it."""
    (tmp_path / "job.json").touch()
    own = {"TERMINATION_MESSAGE_PATH": str(tmp_path / "said")}
    started = []

    def start(job="job.json", **changed):
        command = [sys.executable, "-m", "modules.training.kubernetes.worker", str(tmp_path / job)]
        process = subprocess.Popen(
            command, env=os.environ | own | POD | changed, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.mark.parametrize("index", ["0", "1"])
def test_a_worker_that_comes_when_the_model_is_there_ends_well(start, tmp_path, index):
    (tmp_path / "session").mkdir()
    (tmp_path / "session" / "done").touch()

    assert start(JOB_COMPLETION_INDEX=index).wait(60) == 0


def test_a_worker_that_waits_for_its_peers_ends_at_once_when_told_to(start, tmp_path):
    process = start()
    wait_for((tmp_path / "session" / "chief").exists, seconds=60)

    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 128 + signal.SIGTERM


def test_what_is_wrong_is_told_to_the_launch_and_to_kubernetes(start, tmp_path):
    process = start(NUM_WORKERS="two")

    assert process.wait(60) == REFUSED
    problem = "NUM_WORKERS: got 'two', expected a whole number"
    assert json.loads((tmp_path / "failure.json").read_text("utf-8")) == {
        "failure": "SpecError",
        "problems": [problem],
    }
    assert (tmp_path / "said").read_text("utf-8") == problem


def test_a_volume_that_is_not_the_launchs_is_told_to_kubernetes(start, tmp_path):
    process = start("elsewhere/job.json")

    assert process.wait(60) == REFUSED
    assert "expected the volume that the Trainer's pod has mounted" in (
        (tmp_path / "said").read_text("utf-8")
    )
