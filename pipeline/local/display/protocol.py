"""Where a run is shown."""

import pathlib
from types import TracebackType
from typing import Protocol, Self

from pipeline.local.result import Event, Node


class Display(Protocol):
    """Where a run is shown."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def begin(self, folder: pathlib.Path) -> None:
        """Is told the folder of the run, before its first event."""

    def hear(self, event: Event) -> None:
        """Takes an event, before the nodes that it changes are shown."""

    def show(self, nodes: list[Node]) -> None:
        """Shows the nodes as they are now."""


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def begin(self, folder: pathlib.Path) -> None:
        """Nothing."""

    def hear(self, event: Event) -> None:
        """Nothing."""

    def show(self, nodes: list[Node]) -> None:
        """Nothing."""
