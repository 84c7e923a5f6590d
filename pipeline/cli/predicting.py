"""`headrace predict`."""

import pathlib
import sys
from typing import Any, NoReturn

import click

from pipeline.cli.options import JSON

_EXIT_CODES = """
\b
Exit codes:
    0  scored; rows that cannot be read are counted, and listed beside OUT
    1  a crash: a fault of ours, of a library or of the machine
    2  the command line is not usable, there is no such model, or OUT is there already
    3  there is no such data, not one row of it can be read, or it has no column of the model
  130  interrupted with Ctrl-C; nothing was written
"""


@click.command(epilog=_EXIT_CODES)
@click.argument("source", metavar="INPUT")
@click.option(
    "--output",
    "-o",
    required=True,
    metavar="OUT",
    type=click.Path(path_type=pathlib.Path),
    help="The file of scores: Parquet if it ends in .parquet, JSON lines if in .jsonl.",
)
@click.option(
    "--model",
    metavar="PLACE",
    type=click.Path(path_type=pathlib.Path),
    help="A version of a pushed model, or a folder of versions, of which the newest is taken.  "
    "[default: where the spec pushes to, or else `runs/serving` here]",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="Put COLUMN of INPUT, such as a key, beside the scores. May be repeated.",
)
@click.option(
    "--spec",
    "spec_file",
    metavar="SPEC",
    type=click.Path(path_type=pathlib.Path),
    help="Read values as the [data] of SPEC says: delimiter, encoding, decimal mark, missing.",
)
@click.option("--force", is_flag=True, help="Overwrite OUT.")
@JSON
def predict(as_json: bool, **wishes: Any) -> NoReturn:
    """Score INPUT with a pushed model: a file, a folder or a glob.

    It may be CSV, Parquet, Arrow, JSON lines or TFRecords, and needs no label. OUT has a row for
    each row that can be read, in their order; the others go to OUT.rejects.jsonl.
    """
    from pipeline.predicting.command import predict_command
    from pipeline.predicting.predict import Order

    sys.exit(predict_command(Order(**wishes), as_json))
