"""Arguments and options that several commands take."""

import pathlib

import click

SPEC = click.argument("spec_file", metavar="SPEC", type=click.Path(path_type=pathlib.Path))
SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key of the spec, for example --set training.steps=200. May be repeated.",
)
FOLDER = click.option(
    "--runs",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=pathlib.Path),
    help="The folder of the runs.  [default: `runs` in the current folder]",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object only.")
