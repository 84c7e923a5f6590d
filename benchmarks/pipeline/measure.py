"""What a command takes: seconds, processor time and memory, of all its processes."""

import dataclasses
import os
import pathlib
import subprocess
import threading
import time
from collections.abc import Sequence

_INTERVAL = 0.5  # seconds between two looks at the memory; one costs some 20 ms a process


@dataclasses.dataclass(frozen=True)
class Measured:
    """One run of a command."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, of the process and those it started
    memory: list[tuple[float, float]]  # seconds since the epoch, MiB of all processes together

    def peak(self, start: float = 0.0, end: float = float("inf")) -> float:
        """MiB at most between two moments; NaN if nobody looked in between."""
        return max((mib for at, mib in self.memory if start <= at <= end), default=float("nan"))


def measure(command: Sequence[str | pathlib.Path], folder: pathlib.Path) -> Measured:
    """Runs a command in a folder; its output goes to `log.txt` there.

    Bytecode is kept, so that only the first run of all compiles it.

    Raises:
        RuntimeError: if it fails, with the end of the log.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    memory: list[tuple[float, float]] = []
    ended = threading.Event()
    log = folder / "log.txt"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        watch = threading.Thread(target=_watch, args=(process.pid, memory, ended))
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    ended.set()
    watch.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise RuntimeError(f"exit code {process.returncode} of {command}:\n{tail}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, memory)


def _watch(root: int, memory: list[tuple[float, float]], ended: threading.Event) -> None:
    while not ended.wait(_INTERVAL):
        memory.append((time.time(), sum(map(_proportional, _tree(root))) / 1024))


def _tree(root: int) -> list[int]:
    """The process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdecimal():
            children.setdefault(_parent(entry), []).append(int(entry.name))
    found = [root]
    for process in found:
        found.extend(children.get(process, []))
    return found


def _parent(entry: pathlib.Path) -> int:
    try:
        # After the name, which is in brackets and may hold anything: state, parent.
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0  # has ended meanwhile


def _proportional(process: int) -> int:
    """KiB of a process, a page that several share being divided among them (PSS)."""
    try:
        lines = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # has ended meanwhile
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
