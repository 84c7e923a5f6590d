"""Who may write to a folder of runs."""

import os
import signal
import subprocess
import sys

import pytest

from pipeline.local.lock import locked

HOLD = """
import pathlib, sys, time
from pipeline.local.lock import locked
with locked(pathlib.Path(sys.argv[1]), "run 7", lambda holder: None):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of a folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_finds_the_lock_held_is_told_by_whom(tmp_path, holder):
    told = []

    with pytest.raises(TimeoutError, match="run 7"), locked(tmp_path, "gc", told.append, 0):
        pass

    assert told == [f"run 7 (process {holder.pid})"]


def test_the_lock_of_a_killed_process_is_free(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    told = []

    with locked(tmp_path, "run 8", told.append, 0):
        pass

    assert told == []


def test_a_child_that_inherits_the_lock_holds_it_after_its_parent(tmp_path):
    with locked(tmp_path, "run 7", lambda _: None) as descriptor:
        child = subprocess.Popen(["sleep", "600"], pass_fds=[descriptor])
    told = []
    try:
        with pytest.raises(TimeoutError), locked(tmp_path, "run 8", told.append, 0):
            pass
    finally:
        child.kill()
        child.wait()

    with locked(tmp_path, "run 8", told.append, 0):
        pass

    assert told == [f"run 7 (process {os.getpid()})"]


def test_a_lock_file_that_says_nonsense_is_held_by_another_process(tmp_path, holder):
    (tmp_path / ".lock").write_bytes(b"\xff{")
    told = []

    with pytest.raises(TimeoutError), locked(tmp_path, "run 8", told.append, 0):
        pass

    assert told == ["another process"]
