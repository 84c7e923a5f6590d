"""What is mounted in a pod, and where."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Mount:
    """A folder of the machine at a path of the pod, or a new and empty one that dies with it."""

    target: str
    source: pathlib.Path | None = None
    read_only: bool = False
    size: str | None = None  # of a new one, as tmpfs takes it
