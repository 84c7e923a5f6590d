"""Runs in the background, and the processes that work for them."""

import contextlib
import os
import pathlib
import signal
import subprocess
import time

import psutil


def start(command, spec, *arguments):
    """A run in the background."""
    return subprocess.Popen(
        [command, "run", spec, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def workers_of(spec):
    """Processes that work for a spec, by their command line: the worker first, then its nodes."""
    found = []
    for process in psutil.process_iter(["cmdline", "create_time"]):
        words = process.info["cmdline"] or []
        if "pipeline.local.worker" in words and any(str(spec.parent) in word for word in words):
            found.append((process.info["create_time"], process.pid))
    return [pid for _, pid in sorted(found)]


def kill(pid):
    """Ends a process as nothing can be prepared for; it may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def lives(pid):
    """Whether a process runs; one that nobody has asked for its end does not."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition, seconds=100):
    """The first true answer of the condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise TimeoutError("the condition did not come true")


def begun(spec, node):
    """Whether the latest run of a spec has come to a node."""
    runs = sorted((spec.parent / "runs").glob("2*"))
    return bool(runs) and (runs[-1] / "logs" / f"{node}.log").exists()


def latest(spec):
    """The folder of the latest run."""
    found: pathlib.Path = sorted((spec.parent / "runs").glob("2*"))[-1]
    return found
