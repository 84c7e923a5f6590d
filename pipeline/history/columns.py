"""Rows of texts as aligned columns, and figures as people read them."""

import math
from collections.abc import Collection, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pipeline.local.display.wording import one_line

_GAP = "  "
Cell = str | tuple[str, str]  # a text, or a text and its style


def print_columns(
    console: Console, rows: Sequence[Sequence[Cell]], right: Collection[int] = (), indent: int = 0
) -> None:
    """Prints rows, each column as wide as its widest text, the last one as long as it is.

    On a terminal a line that is too long is cut; in a file or pipe it is whole.

    Args:
        console: where to.
        rows: of one length; a cell may have a style.
        right: columns that are aligned at their right.
        indent: spaces before each row.
    """
    shown = [[_plain(cell) for cell in row] for row in rows]
    widths = [max(cell_len(text) for text, _ in column) for column in zip(*shown, strict=True)]
    for row in shown:
        line = Text(" " * indent)
        for at, (text, style) in enumerate(row):
            gap = " " * (widths[at] - cell_len(text))
            padded = gap + text if at in right else text + gap
            line.append(padded, style).append(_GAP)
        line.rstrip()
        if console.is_terminal:
            console.print(line, no_wrap=True, overflow="ellipsis")
        else:
            console.print(line, soft_wrap=True)


def _plain(cell: Cell) -> tuple[str, str]:
    text, style = cell if isinstance(cell, tuple) else (cell, "")
    return one_line(text), style


def size(count: int | None) -> str:
    """`1.2 MB` of a number of bytes, or nothing where it is not known."""
    if count is None:
        return ""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def figure(value: float) -> str:
    """A number to four significant digits; thousands have their commas."""
    if math.isfinite(value) and value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def figures(values: dict[str, float]) -> str:
    """`auc 0.6783, accuracy 0.7546`."""
    return ", ".join(f"{name} {figure(value)}" for name, value in values.items())


def count(number: int, one: str, several: str | None = None) -> str:
    """`1 run`, `1,200 runs`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
