"""Prices and measures of round-cut diamonds."""

from pathlib import Path

from scripts.data.archive import Archive, read_member
from scripts.data.table import Table, read_table

ARCHIVE = Archive(
    package="plotnine",
    version="0.15.9",
    filename="plotnine-0.15.9-py3-none-any.whl",
    sha256="36f4526235b3ddd9ea379dd677093ea2ee1b58ab98adec1bde891930283448cd",
)


def build_table(path: Path) -> Table:
    """All 53,940 diamonds, the impossible and the repeated ones too."""
    return read_table(read_member(path, "plotnine/data/diamonds.csv"))
