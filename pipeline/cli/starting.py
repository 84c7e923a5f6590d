"""`headrace init` and `headrace doctor`: before a first run."""

import pathlib
import sys
from typing import Any, NoReturn

import click

_INIT_EXIT_CODES = """
\b
Exit codes:
    0  both files are written
    1  a crash: a fault of ours, of a library or of the machine
    2  the command line is not usable, or a file is there already
    3  the data cannot be read, or there is nothing in it to learn
"""

_DOCTOR_EXIT_CODES = """
\b
Exit codes:
    0  no problem was found; there may be warnings
    1  there are problems, and what mends them is said
    2  the command line is not usable
  130  interrupted with Ctrl-C
"""


@click.command(epilog=_INIT_EXIT_CODES)
@click.argument("data")
@click.option("--label", required=True, metavar="COLUMN", help="The column to predict.")
@click.option(
    "--task",
    type=click.Choice(["binary", "multiclass", "regression"]),
    help="What the label asks for.  [default: told by its values]",
)
@click.option("--time", metavar="COLUMN", help="Train on the past and judge on what came after.")
@click.option("--group", metavar="COLUMN", help="Keep the rows of a group in one split.")
@click.option("--name", help="Name of the pipeline.  [default: that of the data]")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=pathlib.Path),
    help="Folder for the two files.  [default: beside the data]",
)
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def init(data: str, output: pathlib.Path | None, force: bool, **wishes: Any) -> NoReturn:
    """Write a spec and a schema for DATA: a file, a folder or a glob.

    It may be CSV, Parquet, Arrow, JSON lines or TFRecords.

    Reads every row; says in comments what it found and why it chose what it wrote to spec.toml
    and schema.pbtxt. `headrace run spec.toml` takes both as they are.
    """
    from pipeline.init.command import init_command
    from pipeline.init.draft import Wishes

    sys.exit(init_command(data, output, Wishes(**wishes), force))


@click.command(epilog=_DOCTOR_EXIT_CODES)
@click.argument(
    "spec_file", metavar="[SPEC]", required=False, type=click.Path(path_type=pathlib.Path)
)
@click.option(
    "--runs",
    type=click.Path(path_type=pathlib.Path),
    help="The folder of the runs.  [default: `runs` beside the spec, or here]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list only.")
def doctor(spec_file: pathlib.Path | None, runs: pathlib.Path | None, as_json: bool) -> NoReturn:
    """Check this machine, and SPEC if it is given, and say what to mend.

    Looks at Python, the C library, packages and their files, memory, processors, disks,
    permissions and the runs so far; imports TensorFlow, TFX, ML Metadata, Beam and kfp, and tries
    them. Changes nothing.
    """
    from pipeline.doctor.command import doctor_command

    sys.exit(doctor_command(spec_file, runs, as_json))
