"""`headrace …`: the only file that parses arguments. What is heavy is imported by commands."""

import pathlib
import sys
from typing import NoReturn

import click

_EXIT_CODES = """
\b
Exit codes:
    0  trained, judged, blessed and pushed
    1  a crash: a fault of ours, of a library or of the machine
    2  the spec or the command line is not usable
    3  the data cannot be read as the spec says
    4  the data was read, and is not fit to learn from
    5  the model is not blessed, so it was not pushed
  130  interrupted with Ctrl-C
"""


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `headrace init DATA --label COLUMN`, then `headrace run SPEC`.",
)
@click.version_option(package_name="headrace")
def main() -> None:
    """From a table to a validated, trained, judged and pushed Keras model."""


@main.command(epilog=_EXIT_CODES)
@click.argument("spec_file", metavar="SPEC", type=click.Path(path_type=pathlib.Path))
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key of the spec, for example --set training.steps=200. May be repeated.",
)
@click.option(
    "--runs",
    type=click.Path(path_type=pathlib.Path),
    help="Folder for artifacts, metadata and logs.  [default: `runs` beside the spec]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end only.")
def run(
    spec_file: pathlib.Path, overrides: tuple[str, ...], runs: pathlib.Path | None, as_json: bool
) -> NoReturn:
    """Run the pipeline of SPEC, a TOML file, on this machine.

    Ingests, validates, transforms, trains, judges and pushes; prints a line a stage. The log
    of each run is in the folder of the runs.
    """
    from pipeline.local.command import run_command

    sys.exit(run_command(spec_file, overrides, runs, as_json))
