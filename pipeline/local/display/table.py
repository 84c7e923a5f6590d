"""The nodes of a run as a table for a terminal: while it goes on, and at its end."""

import collections
import pathlib
from collections.abc import Mapping

from rich.cells import cell_len
from rich.console import ConsoleDimensions, Group, OverflowMethod, RenderableType
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from pipeline.console import near
from pipeline.local.display import wording
from pipeline.local.display.logs import within
from pipeline.local.result import Node

_MARKS = {
    "waiting": Text("·", style="dim"),
    "running": Text("~"),  # at the end: it goes on elsewhere
    "done": Text("✓", style="green"),
    "cached": Text("↺", style="dim"),
    "failed": Text("✗", style="red"),
    "skipped": Text("-", style="dim"),
}
_FIGURE = 9  # columns: `12 m 05 s`, `12,345 MB`
_BAR = 10  # columns
# Columns left free at the right: Ctrl-C is echoed after the last line, and must not begin another,
# which would not be erased.
_ECHO = len("^C")
_READABLE = 12  # columns of text, below which the memory makes room for it
_AMPLE = 40  # columns of text, from which on it spares some for a bar


def live_table(
    nodes: list[Node],
    fractions: Mapping[str, float | None],
    passed: float,
    spinner: Spinner,
    size: ConsoleDimensions,
    with_memory: bool,
) -> RenderableType:
    """A line a node, as many as the screen has, none wider than it.

    Args:
        nodes: as they were last told.
        fractions: by node, how much of its work is done, where it is known.
        passed: seconds since the nodes were told.
        spinner: the mark of a node that runs.
        size: of the screen.
        with_memory: what each node takes is measured, and has a column.
    """
    shown = nearest(nodes, size.height - 1)
    rows = _NodeTable(nodes, size.width, "ellipsis", with_memory)
    for node in shown:
        text, fraction = Text(wording.one_line(node.summary)), fractions.get(node.name)
        if node.state != "running":
            rows.add(node, _mark(node), node.seconds, text)
            continue
        if fraction is not None and rows.room >= _AMPLE:
            text = Text.assemble(_bar(fraction), " ", text)
        rows.add(node, spinner, node.seconds + passed, text)
    hidden = collections.Counter(node.state for node in nodes if node not in shown)
    if not hidden:
        return rows.table
    counts = ", ".join(f"{count} {state}" for state, count in hidden.items())
    return Group(
        rows.table, Text(f"  and {counts}", style="dim", no_wrap=True, overflow="ellipsis")
    )


def summary(nodes: list[Node], folder: pathlib.Path | None, width: int, with_memory: bool) -> Table:
    """A line a node, more where what came out of it is long; of failed ones the log.

    Args:
        nodes: as they ended.
        folder: of the run, with its logs; None: they are not on this machine.
        width: of the screen.
        with_memory: what each node took was measured, and has a column.
    """
    rows = _NodeTable(nodes, width, "fold", with_memory)
    for node in nodes:
        log = within(folder, node.log) if folder and node.log else None
        came_out = f"log: {near(log)}" if log and node.state == "failed" else node.summary
        rows.add(node, _mark(node), node.seconds, Text(wording.one_line(came_out)))
    return rows.table


def nearest(nodes: list[Node], lines: int) -> list[Node]:
    """The nodes that some lines have room for: those that run, that failed, that are next.

    If not all have, a line is left for saying so.
    """
    if len(nodes) <= lines:
        return nodes
    states = [node.state for node in nodes]
    running = [index for index, state in enumerate(states) if state == "running"]
    front = running or [states.index("waiting") if "waiting" in states else len(nodes)]

    def rank(index: int) -> tuple[bool, bool, int]:
        distance = min(abs(index - other) for other in front)
        return states[index] != "running", states[index] != "failed", distance

    kept = sorted(range(len(nodes)), key=rank)[: max(1, lines - 1)]
    return [nodes[index] for index in sorted(kept)]


class _NodeTable:
    """A table of nodes that is as wide as the screen, or narrower."""

    def __init__(
        self, nodes: list[Node], width: int, overflow: OverflowMethod, with_memory: bool
    ) -> None:
        name = min(max(cell_len(node.name) for node in nodes), max(8, width // 2 - 4))
        room = width - _ECHO - len("✓ ") - (name + 1) - (_FIGURE + 1)
        self._with_memory = with_memory and room - (_FIGURE + 1) >= _READABLE
        self.room = room - (_FIGURE + 1) * self._with_memory  # columns, for texts
        self.table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
        whole = overflow == "ellipsis"
        self.table.add_column(width=1)
        self.table.add_column(width=name, no_wrap=whole, overflow=overflow)
        for _ in range(1 + self._with_memory):
            self.table.add_column(width=_FIGURE, justify="right", no_wrap=True)
        if self.room > 0:
            self.table.add_column(width=self.room, no_wrap=whole, overflow=overflow)

    def add(self, node: Node, mark: RenderableType, seconds: float, text: Text) -> None:
        """Adds the line of a node."""
        style = "dim" if node.cached or node.state in ("waiting", "skipped") else ""
        word = "cached" if node.cached else "skipped" if node.state == "skipped" else ""
        time = "" if node.state == "waiting" else word or wording.duration(seconds)
        cells: list[RenderableType] = [
            mark,
            Text(wording.one_line(node.name), style=style),
            Text(time, style=style),
        ]
        if self._with_memory:
            mb = node.memory_mb if node.state == "running" else node.peak_mb
            cells.append(Text(wording.memory(mb), style=style))
        if self.room > 0:
            cells.append(Padding(text, (0, 0, 0, 1)))
        self.table.add_row(*cells)


def _mark(node: Node) -> Text:
    return _MARKS["cached" if node.cached else node.state]


def _bar(fraction: float) -> Text:
    """How much is done, visible also where there are no colours."""
    done = round(_BAR * min(1.0, max(0.0, fraction)))
    return Text.assemble(("━" * done, "cyan"), ("─" * (_BAR - done), "dim"))
