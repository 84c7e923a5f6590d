"""A run in a terminal: a table that redraws itself, a line a node."""

import pathlib
import time
from typing import Self

from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from pipeline.local.display.protocol import Silent
from pipeline.local.display.table import live_table, summary
from pipeline.local.display.wording import duration
from pipeline.local.result import Event, Node, Progress, Started


class Lively(Silent):
    """A table that redraws itself; at its end it is the summary of the run."""

    def __init__(self, console: Console, with_memory: bool = False) -> None:
        self._console = console
        self._with_memory = with_memory
        self._nodes: list[Node] = []
        self._fractions: dict[str, float | None] = {}  # by node, how much of its work is done
        self._told = time.monotonic()  # when the nodes were, if they were yet
        self._folder: pathlib.Path | None = None
        self._over = False
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(console=console, get_renderable=self._frame, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._live.__exit__(None, None, None)  # draws once more

    def begin(self, folder: pathlib.Path) -> None:
        """Notes where the logs are."""
        self._folder = folder

    def hear(self, event: Event) -> None:
        """Notes how far a node is, for its bar."""
        if isinstance(event, Progress):
            self._fractions[event.node] = event.fraction
        elif isinstance(event, Started):
            self._fractions.pop(event.node, None)  # it is tried again

    def show(self, nodes: list[Node]) -> None:
        """Shows the nodes; the seconds of a running one go on by themselves."""
        self._nodes, self._told = nodes, time.monotonic()

    def _frame(self) -> RenderableType:
        passed, size = time.monotonic() - self._told, self._console.size
        if not self._nodes:
            starting = Columns([self._spinner, f"starting {duration(passed)}"])
            return Text("") if self._over else starting
        if self._over:
            return summary(self._nodes, self._folder, size.width, self._with_memory)
        return live_table(
            self._nodes, self._fractions, passed, self._spinner, size, self._with_memory
        )
