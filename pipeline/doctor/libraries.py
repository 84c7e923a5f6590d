"""Whether the large libraries work: tried in a process of their own, which may crash."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

from pipeline.doctor.finding import Finding, problem

_PATIENCE_SECONDS = 300  # an import without bytecode, from a slow disk
_SET_UP = "Run `make setup` in the checkout"


def work(command: Sequence[str] = ("-m", "pipeline.doctor.trial")) -> Iterator[Finding]:
    """What the process finds, a finding a line; how it ended, if it did not come to its end.

    Args:
        command: arguments of Python.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONSAFEPATH": "1"}
    try:
        ended = subprocess.run(
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        text = f"not imported within {_PATIENCE_SECONDS} s"
        yield problem("libraries", text, "Is the disk very slow, or the machine overloaded?")
        return
    under_way = "Python"
    for line in ended.stdout.splitlines():
        if line.startswith("trying "):
            under_way = line.removeprefix("trying ")
        elif line.startswith("{"):
            yield Finding.model_validate_json(line)
    if ended.returncode:
        yield problem("libraries", f"{under_way}: {_how(ended.returncode, ended.stderr)}", _SET_UP)


def _how(code: int, said: str) -> str:
    """How a process ended, and the last that it said."""
    if code < 0:
        name = signal.Signals(-code).name
        hint = ", an instruction that this processor has not" if name == "SIGILL" else ""
        return f"ended by {name}{hint}"
    last = [line for line in said.splitlines() if line.strip()][-1:]
    return last[0] if last else f"ended with exit code {code}"
