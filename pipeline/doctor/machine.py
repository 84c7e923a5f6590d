"""What the machine, or the container, gives to this process."""

import math
import os
import pathlib
import resource
from collections.abc import Iterator

from pipeline.doctor.cgroups import Groups
from pipeline.doctor.finding import Finding, ok, problem, warning
from pipeline.history.columns import size

# A first `headrace run data/flights/spec.toml` in a control group of its own: it ends well within
# 900 MB, of which memory.max_usage_in_bytes tells 885 MB, and is killed at 700 MB.
_LEAST_MEMORY, _GOOD_MEMORY = 900_000_000, 2_000_000_000
_LEAST_FILES = 1024
_LEAST_SHARED = 1_000_000_000  # that NCCL needs; as modules/training/kubernetes/manifests.py gives
_GROUPS = Groups()


def processors(groups: Groups = _GROUPS) -> Iterator[Finding]:
    """How many processors this process may use."""
    mine, quota = sorted(os.sched_getaffinity(0)), groups.processors()
    text = f"{len(mine)} of {os.cpu_count()}"
    if quota is None or quota >= len(mine):
        yield ok("processors", text)
        return
    whole = ",".join(map(str, mine[: max(1, math.floor(quota))]))
    slow = "TensorFlow starts a thread for each, which then wait for each other"
    text += f", but time for {quota:.3g} of them: {slow}"
    yield warning("processors", text, f"taskset --cpu-list {whole} headrace run ...")


def memory(
    groups: Groups = _GROUPS, system: pathlib.Path = pathlib.Path("/proc/meminfo")
) -> Iterator[Finding]:
    """Whether there is memory for a small run, also where a container limits it."""
    lines = (line.split() for line in system.read_text(encoding="ascii").splitlines())
    found = {words[0]: int(words[1]) * 1024 for words in lines if len(words) == 3}  # in kB
    limits = [(found["MemTotal:"], found["MemAvailable:"]), *groups.memory()]
    total, free = min(most for most, _ in limits), min(left for _, left in limits)
    limited = " that its control group allows" if total < found["MemTotal:"] else ""
    text = f"{size(free)} free of {size(total)}{limited}"
    if free >= _GOOD_MEMORY:
        yield ok("memory", text)
        return
    text += f"; a small run takes {size(_LEAST_MEMORY)}, and more the more stages run at once"
    mend = "End other programs, or raise the limit of the container (docker run --memory)"
    yield (warning if free >= _LEAST_MEMORY else problem)("memory", text, mend)


def shared_memory(
    folder: pathlib.Path = pathlib.Path("/dev/shm"),  # noqa: S108  as NCCL names it
    gpu: pathlib.Path = pathlib.Path("/dev/nvidia0"),
) -> Iterator[Finding]:
    """Whether several GPUs could exchange gradients: NCCL does it in shared memory."""
    try:
        status = os.statvfs(folder)
        free = status.f_bavail * status.f_frsize
    except OSError:
        free = 0
    if free < _LEAST_SHARED and gpu.exists():
        text = f"{size(free)} free at {folder}; several GPUs need {size(_LEAST_SHARED)}"
        yield warning("shared memory", text, "docker run --shm-size=1g ..., or --ipc=host")
    else:
        yield ok("shared memory", f"{size(free)} free at {folder}")


def open_files() -> Iterator[Finding]:
    """Whether a process may open as many files as a run reads and writes."""
    soft, hard = (
        math.inf if limit == resource.RLIM_INFINITY else limit
        for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    if soft >= _LEAST_FILES:
        yield ok("open files", f"{soft:,} at once" if soft < math.inf else "no limit")
        return
    mend = f"ulimit -n {_LEAST_FILES}"
    if hard < _LEAST_FILES:
        mend = f"raise the system's {hard} in /etc/security/limits.conf, or docker run --ulimit"
    yield warning("open files", f"got {soft} at once, expected {_LEAST_FILES}", mend)
