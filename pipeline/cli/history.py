"""`headrace runs`, `show`, `diff`, `explain` and `gc`: the runs of this machine so far."""

import pathlib
import sys
from typing import NoReturn

import click

from pipeline.cli.options import FOLDER, JSON

_RUNS_EXIT_CODES = """
\b
Exit codes:
    0  told
    1  a crash: a fault of ours, of a library or of the machine
    2  the command line is not usable, or there is no such folder, run or node
"""

_GC_EXIT_CODES = """
\b
Exit codes:
    0  removed, or told what would be
    1  a crash: a fault of ours, of a library or of the machine
    2  the command line is not usable, or there is no such folder, or its metadata cannot be used
    6  a run is going on: nothing was removed
"""


@click.command("runs", epilog=_RUNS_EXIT_CODES)
@FOLDER
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="List the newest N.",
)
@JSON
def runs_(folder: pathlib.Path | None, limit: int, as_json: bool) -> NoReturn:
    """List runs on this machine, the newest first.

    Tells how each ended, and why, and how many nodes ran or came from the cache.
    """
    from pipeline.history.listing import runs_command

    sys.exit(runs_command(folder, limit, as_json))


@click.command(epilog=_RUNS_EXIT_CODES)
@click.argument("run_id", metavar="RUN")
@FOLDER
@JSON
def show(run_id: str, folder: pathlib.Path | None, as_json: bool) -> NoReturn:
    """Show how RUN ended, and what came of its nodes.

    RUN is an id, as `headrace runs` lists them, the beginning of one, or `last`.
    """
    from pipeline.history.showing import show_command

    sys.exit(show_command(run_id, folder, as_json))


@click.command(epilog=_RUNS_EXIT_CODES)
@click.argument("old", metavar="RUN")
@click.argument("new", metavar="RUN")
@FOLDER
@JSON
def diff(old: str, new: str, folder: pathlib.Path | None, as_json: bool) -> NoReturn:
    """Tell what differs between two runs.

    Compares their specs, code, libraries, data and metrics, the first RUN being the older one. RUN
    is an id, as `headrace runs` lists them, the beginning of one, or `last`.
    """
    from pipeline.history.comparing import diff_command

    sys.exit(diff_command(old, new, folder, as_json))


@click.command(epilog=_RUNS_EXIT_CODES)
@click.argument("node", metavar="NODE")
@click.option(
    "--run", "run_id", default="last", show_default=True, help="An id, or the beginning of one."
)
@FOLDER
def explain(node: str, run_id: str, folder: pathlib.Path | None) -> NoReturn:
    """Explain why NODE ran, or was cached.

    Tells also what the outcome of NODE depends on, which is its key in the cache.
    """
    from pipeline.history.explaining import explain_command

    sys.exit(explain_command(node, run_id, folder))


@click.command(epilog=_GC_EXIT_CODES)
@FOLDER
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="Keep the newest N runs.",
)
@click.option("--yes", "really", is_flag=True, help="Remove it; without, only tell what would go.")
@JSON
def gc(folder: pathlib.Path | None, keep: int, really: bool, as_json: bool) -> NoReturn:
    """Remove old runs, and what no run needs that stays.

    Beside the newest runs stay, with all that they need: those whose model is served, the one with
    the latest blessed model, and one that can be resumed. Files that no run wrote are left alone.
    """
    from pipeline.history.gc.command import gc_command

    sys.exit(gc_command(folder, keep, really, as_json))
