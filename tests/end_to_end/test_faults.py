"""Runs that are cut short: what was served stays served, nothing is left running."""

import os
import pathlib
import signal
import sqlite3
import subprocess
import threading

import pytest

from tests.end_to_end.processes import begun, start, wait_until, workers_of


@pytest.mark.slow
def test_ctrl_c_ends_the_run_leaves_nothing_behind_and_the_next_run_works(birds, command, json_of):
    run = start(command, birds)
    wait_until(lambda: begun(birds, "Transform"))

    os.killpg(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=60)

    assert run.returncode == 130
    assert "Transform: interrupted" in output
    assert workers_of(birds) == []
    code, result = json_of("run", birds)
    assert code == 0, result["reason"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "problem"),
    [(0, "the worker was ended by SIGKILL"), (-1, "was ended by SIGKILL (Killed) after ")],
    ids=["worker", "node"],
)
def test_a_killed_process_is_named_with_its_signal(birds, command, place, problem):
    run = start(command, birds)
    wait_until(lambda: begun(birds, "Transform"))

    os.kill(workers_of(birds)[place], signal.SIGKILL)
    output, _ = run.communicate(timeout=60)

    assert run.returncode == 1
    assert f"Transform: {problem}" in output
    assert workers_of(birds) == []


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

        code, second = json_of("run", birds, "--from", "Pusher", "--set", "push.to=serving")

        assert code == 1
        assert second["pushed"] is None
        assert "Pusher: the disk is full" in second["reason"]
        names = sorted(entry.name for entry in serving.iterdir())
        assert names == sorted([pathlib.Path(first["pushed"]).name, "filler"])
        query = tensorflow_alone(birds.parent / "runs" / first["run"] / "query.py")
        assert query.returncode == 0, query.stderr

        (serving / "filler").unlink()
        code, third = json_of("run", birds, "--resume")
        assert (code, third["pushed"] != first["pushed"]) == (0, True)
    finally:
        subprocess.run(["umount", str(serving)], check=False)


@pytest.mark.slow
def test_a_disk_that_is_full_in_the_middle_of_a_run_is_named_and_the_run_is_gone_on_with(
    birds, json_of
):
    runs = birds.parent / "runs"
    runs.mkdir()

    def mount(size, *how):
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"{','.join([*how, f'size={size}'])}", "tmpfs", runs],
            check=False,
            capture_output=True,
        ).returncode

    if mount("1m"):
        pytest.skip("a disk that can be filled needs the right to mount one")
    try:
        code, first = json_of("run", birds)
        assert code == 1
        assert "the disk is full" in first["reason"]
        assert not mount("100m", "remount")

        code, second = json_of("run", birds, "--resume")

        assert code == 0, second["reason"]
        done = {node["name"] for node in first["nodes"] if node["state"] == "done"}
        cached = {node["name"] for node in second["nodes"] if node["cached"]}
        assert done <= cached
    finally:
        subprocess.run(["umount", str(runs)], check=False)


@pytest.mark.slow
def test_a_run_waits_while_another_program_holds_the_metadata(birds, json_of):
    assert json_of("run", birds, "--to", "ExampleValidator")[0] == 0
    held = sqlite3.connect(
        birds.parent / "runs" / "metadata.sqlite", isolation_level=None, check_same_thread=False
    )
    held.execute("BEGIN EXCLUSIVE")
    threading.Timer(8, lambda: held.execute("COMMIT")).start()

    code, result = json_of("run", birds, "--from", "StatisticsGen", "--to", "ExampleValidator")

    assert (code, result["verdict"]) == (0, "partial"), result["reason"]
