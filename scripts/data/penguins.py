"""Penguins of the Palmer Archipelago, 2007 to 2009."""

from pathlib import Path

from scripts.data.archive import Archive, read_member
from scripts.data.table import Table, read_table

ARCHIVE = Archive(
    package="palmerpenguins",
    version="0.1.6",
    filename="palmerpenguins-0.1.6-py3-none-any.whl",
    sha256="5c3be9af84dd703a25f1aaeadeac6ac770cfd38c1620d00089f581c023129ee0",
)


def build_table(path: Path) -> Table:
    """All 344 penguins; what was not measured is an empty field."""
    return read_table(read_member(path, "palmerpenguins/data/penguins.csv"))
