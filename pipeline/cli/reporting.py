"""`headrace report`: a run, or two, as a page."""

import pathlib
import sys
from typing import NoReturn

import click

from pipeline.cli.options import FOLDER

_EXIT_CODES = """
\b
Exit codes:
    0  written
    1  a crash: a fault of ours, of a library or of the machine
    2  the command line is not usable, there is no such folder or run, or the file cannot be written
"""


@click.command(epilog=_EXIT_CODES)
@click.argument("run_ids", metavar="[RUN] [RUN]", nargs=-1)
@FOLDER
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=pathlib.Path),
    metavar="FILE",
    help="The file to write.  [default: report.html in the folder of the run, comparison.html of "
    "two]",
)
@click.option("--open", "is_opened", is_flag=True, help="Show it in a browser.")
def report(
    run_ids: tuple[str, ...],
    folder: pathlib.Path | None,
    output: pathlib.Path | None,
    is_opened: bool,
) -> NoReturn:
    """Write all there is to know of RUN to one page of HTML, the last run by default.

    Of two, writes what differs, the first RUN being the older one. RUN is an id, as `headrace runs`
    lists them, the beginning of one, or `last`. The page needs no network, and no other file.
    """
    from pipeline.report.command import report_command

    if len(run_ids) > 2:
        raise click.UsageError(f"got {len(run_ids)} runs, expected one, or two to compare")
    sys.exit(report_command(run_ids or ("last",), folder, output, is_opened))
