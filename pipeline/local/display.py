"""A run as people watch it: one line a stage."""

import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from pipeline.local.result import Node

_MARKS = {
    "waiting": Text("·", style="dim"),
    "done": Text("✓", style="green"),
    "failed": Text("✗", style="red"),
    "skipped": Text("-", style="dim"),
}


class Display(Protocol):
    """Where a run is shown."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def show(self, nodes: list[Node]) -> None:
        """Shows the nodes as they are now."""


class Silent:
    """Shows nothing: for `--json`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, nodes: list[Node]) -> None:
        """Nothing."""


class Lines(Silent):
    """A line when a stage ends: for logs and pipes."""

    def __init__(self, console: Console):
        self._console = console
        self._shown: set[str] = set()

    def show(self, nodes: list[Node]) -> None:
        """Prints what has ended since the last call."""
        width = max((len(node.name) for node in nodes), default=0)
        for node in nodes:
            if node.state in ("done", "failed") and node.name not in self._shown:
                self._shown.add(node.name)
                self._console.print(
                    f"{node.name:{width}}  {node.state:6} {node.seconds:6.1f} s  {node.summary}",
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )


class Lively(Silent):
    """A table that redraws itself: for terminals."""

    def __init__(self, console: Console):
        self._nodes: list[Node] = []
        self._since: dict[str, float] = {}
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.refresh()
        self._live.__exit__(None, None, None)

    def show(self, nodes: list[Node]) -> None:
        """Shows the nodes; the seconds of a running one go on by themselves."""
        for node in nodes:
            if node.state == "running":
                self._since.setdefault(node.name, time.monotonic())
        self._nodes = nodes

    def _table(self) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True, min_width=8)
        table.add_column(overflow="fold")
        if not self._nodes:
            table.add_row(self._spinner, "starting", "", "")
        for node in self._nodes:
            running = node.state == "running"
            seconds = time.monotonic() - self._since[node.name] if running else node.seconds
            table.add_row(
                self._spinner if running else _MARKS[node.state],
                Text(node.name, style="" if node.state != "waiting" else "dim"),
                f"{seconds:.1f} s" if node.state not in ("waiting", "skipped") else "",
                Text(node.summary),
            )
        return table
