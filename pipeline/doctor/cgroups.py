"""What control groups leave to this process: those of a container, of a service, of a batch job."""

import dataclasses
import pathlib
from collections.abc import Iterator

# By version: the files of the limit and of what is used, and what of that is cache that yields.
_MEMORY = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


@dataclasses.dataclass(frozen=True)
class Groups:
    """The control groups of this process, of version 1, 2 or both."""

    root: pathlib.Path = pathlib.Path("/sys/fs/cgroup")
    own: pathlib.Path = pathlib.Path("/proc/self/cgroup")

    def memory(self) -> Iterator[tuple[int, int]]:
        """Of each group that limits memory, its limit and what is left of that, in bytes."""
        for folder in self._folders("memory"):
            for limit, used, cache in _MEMORY:
                most, now = _number(folder / limit), _number(folder / used)
                if most is not None and now is not None:
                    yields = _entry(folder / "memory.stat", cache)
                    yield most, max(0, most - max(0, now - yields))

    def processors(self) -> float | None:
        """How many processors' time there is; None if it is not limited."""
        found = []
        for folder in self._folders("cpu"):
            quota, _, period = _text(folder / "cpu.max").partition(" ")
            quota = quota or _text(folder / "cpu.cfs_quota_us")
            period = period or _text(folder / "cpu.cfs_period_us")
            if quota.isdecimal() and period.isdecimal() and int(period):  # `max` or -1: no limit
                found.append(int(quota) / int(period))
        return min(found, default=None)

    def _folders(self, controller: str) -> Iterator[pathlib.Path]:
        """The group of this process and all around it, as far as they can be seen.

        In a container the path may be the one outside of it; what is seen then is the root alone.
        """
        for line in _text(self.own).splitlines():
            controllers, _, path = line.partition(":")[2].partition(":")
            if controllers and controller not in controllers.split(","):
                continue
            base = self.root / controller if controllers else self.root  # none: version 2
            parts = [part for part in path.split("/") if part not in ("", "..")]
            for length in range(len(parts), -1, -1):
                yield base.joinpath(*parts[:length])


def _text(file: pathlib.Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return ""


def _number(file: pathlib.Path) -> int | None:
    text = _text(file)
    return int(text) if text.isdecimal() else None


def _entry(file: pathlib.Path, name: str) -> int:
    """The number beside a name; 0 if there is none."""
    for line in _text(file).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdecimal():
            return int(value)
    return 0
