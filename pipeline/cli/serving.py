"""`headrace serve`: a pushed model, to try."""

import pathlib
import re
import sys
from typing import Any, NoReturn

import click

_EXIT_CODES = """
\b
Exit codes:
    0  ended by SIGTERM
    1  a crash: a fault of ours, of a library or of the machine
    2  the command line is not usable, or there is no version that can be served
    6  the port is taken
  130  ended by Ctrl-C
"""


def _name(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    if given is not None and not re.fullmatch(r"[A-Za-z0-9._-]+", given):
        raise click.BadParameter("it is part of a URL: give letters, digits, '-', '_' and '.'")
    return given


@click.command(epilog=_EXIT_CODES)
@click.argument(
    "folder", metavar="[FOLDER]", required=False, type=click.Path(path_type=pathlib.Path)
)
@click.option(
    "--name", callback=_name, help="Of the model, in the URL.  [default: that of the pipeline]"
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Listen here; 0.0.0.0 lets other machines in, without a login.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8501,
    show_default=True,
    metavar="N",
    help="0 takes any free one.",
)
@click.option(
    "--log-requests",
    type=click.Path(path_type=pathlib.Path),
    metavar="FILE",
    help="Keep the rows that people send, NAME.tfrecord.gz, for TFDV. At most 128 MB.",
)
@click.option(
    "--sample",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    metavar="SHARE",
    help="Keep this share of them.",
)
def serve(folder: pathlib.Path | None, **wishes: Any) -> NoReturn:
    """Serve the newest version in FOLDER on this machine, to try it.

    FOLDER is where a run pushes to, `runs/serving` in the current folder unless it is given. Takes
    the requests of TensorFlow Serving's REST API, follows versions as they are pushed or removed,
    and tells Prometheus at /metrics. For production, there are TensorFlow Serving and KServe.
    """
    from pipeline.serving.command import Wishes, serve_command

    sys.exit(serve_command(Wishes(folder, **wishes)))
