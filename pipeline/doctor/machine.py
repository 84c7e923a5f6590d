"""What the machine gives to this process."""

import os
import pathlib
import resource
import tempfile
from collections.abc import Iterator

import psutil

from pipeline.doctor.finding import Finding, ok, problem, warning

_GB = 2**30
_LEAST_MEMORY = 3 * _GB  # a run of the flights peaks at 1.6 GB, beside a system
_LEAST_DISK = 2 * _GB
_LEAST_FILES = 1024
# A folder of runs grows by this many times the bytes of the data, if nothing comes from the cache
# (`du -sb data/flights/runs data/flights/flights.csv` after the first `headrace run` of its spec).
TIMES_THE_DATA = 3
_CGROUPS = (
    pathlib.Path("/sys/fs/cgroup/memory.max"),  # version 2
    pathlib.Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),  # version 1
)


def processors() -> Iterator[Finding]:
    """How many processors this process may use."""
    count = len(os.sched_getaffinity(0))
    yield ok("processors", f"{count} of {os.cpu_count()}")


def memory(limits: tuple[pathlib.Path, ...] = _CGROUPS) -> Iterator[Finding]:
    """Whether there is memory enough, also where a container limits it."""
    found = psutil.virtual_memory()
    limit = min([found.total, *_limits(limits)])
    free = min(found.available, limit)
    text = f"{free / _GB:.1f} GB free of {limit / _GB:.1f} GB"
    if free < _LEAST_MEMORY:
        expected = f"{text}, expected {_LEAST_MEMORY / _GB:.0f} GB"
        yield warning("memory", expected, "End other programs, or raise the container's limit")
    else:
        yield ok("memory", text)


def _limits(files: tuple[pathlib.Path, ...]) -> Iterator[int]:
    for file in files:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdecimal():
            yield int(text)


def disk(folder: pathlib.Path, data: int = 0) -> Iterator[Finding]:
    """Whether there is room for runs, and for temporary files.

    Args:
        folder: where runs go; it need not be there yet.
        data: bytes of the data.
    """
    for name, place in (("disk", folder), ("temporary files", pathlib.Path(tempfile.gettempdir()))):
        there = next(each for each in (place, *place.parents) if each.exists())
        free = psutil.disk_usage(str(there)).free
        needed = max(_LEAST_DISK, TIMES_THE_DATA * data) if name == "disk" else _LEAST_DISK // 4
        text = f"{free / _GB:.1f} GB free at {there}"
        if free >= needed:
            yield ok(name, text)
        else:
            mend = "Free some space (`headrace gc`), or name another folder"
            mend += " with --runs" if name == "disk" else " with TMPDIR"
            yield problem(name, f"{text}, expected {needed / _GB:.1f} GB", mend)


def open_files() -> Iterator[Finding]:
    """Whether a process may open as many files as a run reads and writes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _LEAST_FILES:
        yield ok("open files", f"{soft} a process")
        return
    mend = f"Run `ulimit -n {_LEAST_FILES}` before (the system allows up to {hard})"
    yield warning("open files", f"got {soft} a process, expected {_LEAST_FILES}", mend)
