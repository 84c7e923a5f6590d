"""Runs that are cut short: what was served stays served, nothing is left running."""

import os
import pathlib
import signal
import subprocess
import time

import pytest


def start(command, spec, *arguments):
    """A run in the background."""
    return subprocess.Popen(
        [command, "run", spec, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def workers_of(spec):
    """Processes that work for a spec, by their command line."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(spec.parent).encode() in words and b"pipeline.local.worker" in words:
                found.append(int(entry.name))
    return found


def wait_until(condition, seconds=100):
    """The first true answer of the condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.1)
    raise TimeoutError("the condition did not come true")


def transforming(spec):
    """Whether a run of the spec has come to Transform."""
    return list((spec.parent / "runs").glob("artifacts/Transform/*"))


@pytest.mark.slow
def test_ctrl_c_ends_the_run_leaves_nothing_behind_and_the_next_run_works(birds, command, json_of):
    run = start(command, birds)
    wait_until(lambda: transforming(birds))

    os.killpg(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=60)

    assert run.returncode == 130
    assert "Transform: interrupted" in output
    assert workers_of(birds) == []
    code, result = json_of("run", birds)
    assert code == 0, result["reason"]


@pytest.mark.slow
def test_a_killed_worker_is_named_with_its_signal(birds, command):
    run = start(command, birds)
    wait_until(lambda: transforming(birds))

    os.kill(workers_of(birds)[0], signal.SIGKILL)
    output, _ = run.communicate(timeout=60)

    assert run.returncode == 1
    assert "Transform: the worker was ended by SIGKILL" in output


@pytest.mark.slow
def test_a_killed_run_takes_its_worker_with_it(birds, command):
    run = start(command, birds)
    wait_until(lambda: workers_of(birds))

    run.kill()
    run.communicate(timeout=60)

    wait_until(lambda: not workers_of(birds), seconds=20)


@pytest.mark.slow
def test_a_full_disk_at_push_leaves_the_served_version_as_it_was(
    birds, json_of, tmp_path, tensorflow_alone
):
    serving = birds.parent / "serving"
    serving.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(serving)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk that can be filled needs the right to mount one")
    try:
        _, first = json_of("run", birds, "--set", "push.to=serving")
        free = os.statvfs(serving).f_bavail * os.statvfs(serving).f_frsize
        (serving / "filler").write_bytes(b"x" * max(0, free - 50_000))

        code, second = json_of("run", birds, "--set", "push.to=serving")

        assert code == 1
        assert second["pushed"] is None
        assert "Pusher: the disk is full" in second["reason"]
        names = sorted(entry.name for entry in serving.iterdir())
        assert names == sorted([pathlib.Path(first["pushed"]).name, "filler"])
        query = tensorflow_alone(birds.parent / "runs" / first["run"] / "query.py")
        assert query.returncode == 0, query.stderr
    finally:
        subprocess.run(["umount", str(serving)], check=False)
