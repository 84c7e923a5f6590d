"""What a run tells of itself and of each of its tasks."""

import dataclasses
import enum
import pathlib
from collections.abc import Mapping
from typing import Any

_LAST_LINES = 30


class State(enum.StrEnum):
    """How a task ended, in the words of ML Metadata, which the exit task gets to read."""

    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    NOT_STARTED = "NOT_STARTED"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attempt:
    """One pod of a task. A retried task has several."""

    exit_code: int | None  # None: ended at its deadline
    seconds: float
    peak_bytes: int  # resident memory of the largest process
    log: str  # standard output and error, as they came


@dataclasses.dataclass(frozen=True, kw_only=True)
class Artifact:
    """An output as the next task will get it: its metadata is what ML Metadata gives back."""

    uri: str
    metadata: Mapping[str, Any]
    path: pathlib.Path | None = None  # in the folder that plays the bucket
    keys: tuple[str, ...] = ()  # of the objects that were uploaded; an empty folder has none


@dataclasses.dataclass(kw_only=True)
class Task:
    """One task of the pipeline, or a pipeline in it, whose tasks are `name/…`."""

    name: str
    state: State = State.NOT_STARTED
    error: str | None = None  # why it failed
    image: str = ""  # that its spec asks for
    asks_for_cache: bool = False  # of Kubeflow; never used here
    attempts: list[Attempt] = dataclasses.field(default_factory=list)
    executor_input: dict[str, Any] = dataclasses.field(default_factory=dict)
    executor_output: dict[str, Any] = dataclasses.field(default_factory=dict)
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)  # its outputs
    artifacts: dict[str, Artifact] = dataclasses.field(default_factory=dict)  # its outputs
    stray: tuple[str, ...] = ()  # files left where the launcher does not look; lost with the pod

    @property
    def exit_code(self) -> int | None:
        return self.attempts[-1].exit_code if self.attempts else None

    @property
    def log(self) -> str:
        return self.attempts[-1].log if self.attempts else ""

    @property
    def last_lines(self) -> str:
        return "\n".join(self.log.splitlines()[-_LAST_LINES:])

    @property
    def seconds(self) -> float:
        return sum(attempt.seconds for attempt in self.attempts)

    @property
    def peak_bytes(self) -> int:
        return max((attempt.peak_bytes for attempt in self.attempts), default=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run; `run["trainer"]` is a task, by its name or by `dag/name`."""

    id: str
    tasks: Mapping[str, Task]

    @property
    def succeeded(self) -> bool:
        return all(task.state == State.COMPLETE for task in self.tasks.values())

    def __getitem__(self, name: str) -> Task:
        if name in self.tasks:
            return self.tasks[name]
        found = [task for path, task in self.tasks.items() if path.endswith(f"/{name}")]
        if len(found) != 1:
            raise KeyError(f"{len(found)} tasks are called {name!r}; there are {[*self.tasks]}.")
        return found[0]

    def check(self) -> None:
        """Raises AssertionError with what the failed tasks wrote last, if there are any."""
        failed = [task for task in self.tasks.values() if task.state == State.FAILED]
        if not self.succeeded:
            raise AssertionError(
                "\n".join(f"{task.name}: {task.error}\n{task.last_lines}" for task in failed)
            )
