"""`headrace run`."""

import getpass
import json
import pathlib
import sys
from typing import Any, NoReturn

import click

from pipeline.cli.options import SET, SPEC

_EXIT_CODES = """
\b
Exit codes:
    0  trained, judged, blessed and pushed; or, of a part of the DAG, done
    1  a crash: a fault of ours, of a library or of the machine
    2  the spec or the command line is not usable
    3  the data cannot be read as the spec says
    4  the data was read, and is not fit to learn from
    5  not blessed, so not pushed; or a format of [export] breaks its bound
  130  interrupted with Ctrl-C
"""

_MANNERS = {  # of printing, by option; see pipeline/local/display/telling.py
    "--quiet": "quiet",
    "--verbose": "verbose",
    "--json": "object",
    "--log-format json": "events",
}


@click.command(epilog=_EXIT_CODES)
@SPEC
@SET
@click.option(
    "--runs",
    type=click.Path(path_type=pathlib.Path),
    help="Folder for artifacts, metadata and logs.  [default: `runs` beside the spec]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the latest run of SPEC, which was cut short, as it was asked for. What it has "
    "done is not done again; training goes on from its last checkpoint.",
)
@click.option("--from", "first", metavar="NODE", help="Run NODE and all that follows anew.")
@click.option("--to", "last", metavar="NODE", help="Run no further than NODE.")
@click.option(
    "--only", metavar="NODE", help="Run NODE anew, and before it what is not in the cache."
)
@click.option("--no-cache", is_flag=True, help="Run every node, whatever the cache has.")
@click.option(
    "--no-cache-for",
    "uncached",
    multiple=True,
    metavar="NODE",
    help="Run NODE, whatever the cache has. May be repeated.",
)
@click.option(
    "--force-bless",
    "forced",
    metavar="WHY",
    help="Bless and push the model whatever the rules say; your name and WHY are put on record.",
)
@click.option(
    "-q", "--quiet", is_flag=True, help="Print problems, the verdict and what is pushed only."
)
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Print what the nodes log, too, and why each of them runs.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: print a JSON object a line, for each event as it comes, and the result last.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end only.")
def run(
    spec_file: pathlib.Path,
    quiet: bool,
    verbose: bool,
    log_format: str,
    as_json: bool,
    **wishes: Any,
) -> NoReturn:
    """Run the pipeline of SPEC, a TOML file, on this machine.

    Ingests, validates, transforms, trains, judges and pushes; prints a line a node. A node whose
    inputs, code, settings and libraries are as in an earlier run is not run again: the cache has
    what it made, and `headrace explain NODE` says why it could serve or not. The logs of each run
    are in the folder of the runs.
    """
    from pipeline.local.command import run_command
    from pipeline.local.requesting import Order

    asked = {"--quiet": quiet, "--verbose": verbose, "--json": as_json}
    manner = _manner({**asked, "--log-format json": log_format == "json"})
    only, every, forced = (wishes.pop(wish) for wish in ("only", "no_cache", "forced"))
    if only and (wishes["first"] or wishes["last"]):
        raise click.UsageError("--only is --from and --to of one node: give either of them")
    if only:
        wishes |= {"first": only, "last": only}
    if every:
        wishes["uncached"] = ("*",)
    if forced is not None:
        wishes["overrides"] += (_force(forced),)
    sys.exit(run_command(spec_file, Order(**wishes), manner))


def _force(why: str) -> str:
    """The override that blesses the model on record."""
    if not why.strip():
        raise click.UsageError("--force-bless: say why, for whoever reads the record")
    return f"evaluation.forced_by={json.dumps(f'{getpass.getuser()}: {why}')}"


def _manner(asked: dict[str, bool]) -> Any:
    """How a run is printed, by the options that were given."""
    given = [option for option, is_given in asked.items() if is_given]
    if len(given) > 1:
        raise click.UsageError(
            f"{' and '.join(given)} contradict each other: each says all that is printed. Give one"
        )
    return _MANNERS[given[0]] if given else "normal"
