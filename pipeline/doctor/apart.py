"""Checks in a process of their own: what they import may end it, or never come to an end."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import IO

from pipeline.doctor.finding import Check, Finding, found_by, problem

_PATIENCE_SECONDS = 300.0  # for TensorFlow and TFX without bytecode, from a slow disk
_MENDS: dict[int, str] = {  # by the signal that ended a check
    signal.SIGILL: "Use a machine whose processor has AVX: TensorFlow's wheels are built for it",
    signal.SIGKILL: "Free memory, or raise the container's limit: see `dmesg` for what took it",
}


def tell(checks: Mapping[str, Check]) -> None:
    """Makes checks one after another and tells their findings to `apart`, as they come.

    Before each of them, and at the end, it tells the names of those that are left. Findings have an
    output of their own: whatever libraries print is none.
    """
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as output:
        os.dup2(2, 1)
        left = list(checks)
        for name, check in checks.items():
            print(json.dumps(left), file=output, flush=True)
            for finding in found_by(name, check):
                print(json.dumps(dataclasses.asdict(finding)), file=output, flush=True)
            left.remove(name)
        print(json.dumps(left), file=output, flush=True)


def apart(
    *command: str,
    mend: str,
    begun: Callable[[str], None] = lambda _: None,
    patience: float = _PATIENCE_SECONDS,
) -> Iterator[Finding]:
    """What checks in a process of their own find, as they find it, and how it ended if it crashed.

    Args:
        command: arguments of Python, for a process that calls `tell`.
        mend: of a crash that says nothing of itself.
        begun: told the name of each check before it is made.
        patience: seconds that the process may take.

    Yields:
        The findings; a problem for the check that ended the process, named as the check is.
    """
    with contextlib.ExitStack() as stack:
        # It is removed even if the process cannot do so any more.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="headrace-doctor-"))
        said = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))
        process = stack.enter_context(_started(command, folder, said))
        stack.callback(_kill, process)
        hopeless = threading.Event()
        timer = threading.Timer(patience, _give_up, (process, hopeless))
        stack.callback(timer.cancel)
        timer.start()
        left = yield from _heard(process, begun)
        code = process.wait()
        if hopeless.is_set():
            how = f"no end in {patience:g} s"
            yield _crash(left, how, "Is the disk slow, or the machine overloaded? Try again")
        elif code or left:
            said.seek(0)
            yield _crash(left, _how(code, said.read()), _MENDS.get(-code, mend))


def _started(command: Sequence[str], folder: str, said: IO[str]) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "PYTHONSAFEPATH": "1",  # a `pipeline` in the current folder is not ours
        "TMPDIR": folder,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # else all memory of the GPUs, which others use
    }
    return subprocess.Popen(
        [sys.executable, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        start_new_session=True,  # so that what it starts can be ended with it
    )


def _kill(process: subprocess.Popen[str]) -> None:
    """Ends a process and all that it has started."""
    if process.poll() is None:  # else its number may be another's by now
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _give_up(process: subprocess.Popen[str], hopeless: threading.Event) -> None:
    hopeless.set()
    _kill(process)


def _heard(
    process: subprocess.Popen[str], begun: Callable[[str], None]
) -> Generator[Finding, None, list[str]]:
    """The findings that a process tells; returns the names of the checks that it did not end."""
    left: list[str] = []
    for line in process.stdout or ():
        if not line.endswith("\n"):
            break  # cut short by its end
        heard = json.loads(line)
        if isinstance(heard, dict):
            yield Finding(**heard)
            continue
        left = heard
        if left:
            begun(left[0])
    return left


def _crash(left: Sequence[str], how: str, mend: str) -> Finding:
    """The problem of the check that was being made."""
    name, *others = left or ["libraries"]
    untried = f". Not tried after that: {', '.join(others)}" if others else ""
    return problem(name, f"{how}{untried}", mend)


def _how(code: int, said: str) -> str:
    """How a process ended, and the last that it said."""
    last = [line.strip() for line in said.splitlines() if line.strip()][-1:]
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return ": ".join([how, *last])
