"""Writes the page of a run, or of two, whole or not at all."""

import pathlib

from pipeline.history.past import Past
from pipeline.local import whole
from pipeline.report import gathering, rendering


def write_report(run: Past, file: pathlib.Path) -> None:
    """Writes the report of a run.

    Raises:
        OSError: if the file cannot be written.
    """
    write_page(rendering.of_run(gathering.of_run(run)), file)


def write_comparison(old: Past, new: Past, file: pathlib.Path) -> None:
    """Writes what differs between two runs.

    Raises:
        OSError: if the file cannot be written.
    """
    write_page(rendering.of_two(gathering.of_two(old, new)), file)


def write_page(page: str, file: pathlib.Path) -> None:
    """Writes a page.

    Raises:
        OSError: if the file cannot be written.
    """
    whole.write(file, page.encode())
