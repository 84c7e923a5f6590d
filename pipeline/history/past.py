"""A run as its folder tells it, whether it has ended or not."""

import dataclasses
import functools
import json
import pathlib
from typing import Any, Literal

from pipeline.history.folder import LOGS, find, time_of
from pipeline.local import record
from pipeline.local.display.logs import within
from pipeline.local.lock import holder
from pipeline.local.record import Record
from pipeline.local.requesting import REQUEST, request_of, result_of
from pipeline.local.result import Node, Request, Result, Verdict

Standing = Verdict | Literal["running", "died"]  # died: it was killed


@dataclasses.dataclass(frozen=True)
class Past:
    """A run; what cannot be read of it is not there."""

    folder: pathlib.Path
    standing: Standing
    request: Request | None
    result: Result | None

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.folder.name

    @property
    def when(self) -> str:
        """When it was asked for, by the clock of the machine: `2026-11-22T00:06:18`."""
        time = time_of(self.id)
        return time.isoformat(timespec="seconds") if time else ""

    @functools.cached_property
    def begun(self) -> float | None:
        """When its request was written, in seconds since 1970."""
        try:
            return (self.folder / REQUEST).stat().st_mtime
        except OSError:
            return None

    @functools.cached_property
    def records(self) -> dict[str, Record]:
        """By node, what it keeps of those that ended well."""
        return record.records(self.folder)

    @functools.cached_property
    def spec(self) -> dict[str, Any]:
        """The whole spec, defaults included; empty if it cannot be read."""
        try:
            found = json.loads(self.request.spec) if self.request else {}
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def pipeline(self) -> str | None:
        """The name in the spec."""
        name = self.result.pipeline if self.result else self.spec.get("name")
        return name if isinstance(name, str) else None

    @property
    def reason(self) -> str:
        """Why it ended so, or what there is to say of one that has not ended."""
        if self.result:
            return self.result.reason
        died = "it was killed before it could tell how it ended"
        return died if self.standing == "died" else ""

    @property
    def pushed(self) -> str | None:
        """The folder of the version that it pushed, also if it was killed right afterwards."""
        if self.result:
            return self.result.pushed
        found = (made.finished.pushed for made in self.records.values())
        return next((version for version in found if version), None)

    @property
    def is_unfinished(self) -> bool:
        """Whether `headrace run --resume` may go on with it."""
        return self.result is None or self.result.verdict == "failed"

    @functools.cached_property
    def nodes(self) -> list[Node]:
        """Its nodes; of a run that has not told how it ended, those that began."""
        if self.result:
            return self.result.nodes
        ended = sorted(self.records.values(), key=lambda each: each.execution)
        names = sorted(path.stem for path in (self.folder / LOGS).glob("*.log"))
        left = [name for name in names if name not in self.records]
        state: Literal["running", "failed"] = "running" if self.standing == "running" else "failed"
        return [self._ended(each) for each in ended] + [
            Node(name=name, state=state, log=f"{LOGS}/{name}.log") for name in left
        ]

    def log(self, node: Node) -> pathlib.Path | None:
        """What a node has printed, in this run or in the one that made what the cache served."""
        made = self.records.get(node.name)
        folder = self.folder
        if node.cached and made and made.run != self.id:
            folder = self.folder.parent / made.run
        path = within(self.folder.parent, f"{folder.name}/{node.log or f'{LOGS}/{node.name}.log'}")
        return path if path and path.is_file() else None

    def _ended(self, made: Record) -> Node:
        return Node(
            name=made.node,
            state="done",
            cached=made.run != self.id,
            seconds=made.seconds if made.run == self.id else 0.0,
            peak_mb=made.peak_mb if made.run == self.id else None,
            log=f"{LOGS}/{made.node}.log",
        )


def past(runs: pathlib.Path, name: str) -> Past:
    """The run that a name means.

    Raises:
        SpecError: if it means none, or several.
    """
    return read(runs / find(runs, name), holder(runs))


def read(folder: pathlib.Path, holding: str | None) -> Past:
    """The run in a folder.

    Args:
        folder: of the run.
        holding: who holds the lock of the runs.
    """
    result = result_of(folder)
    return Past(folder, _standing(folder, result, holding), request_of(folder), result)


def _standing(folder: pathlib.Path, result: Result | None, holding: str | None) -> Standing:
    if result:
        return result.verdict
    running = holding is not None and holding.startswith(f"run {folder.name} ")
    return "running" if running else "died"
