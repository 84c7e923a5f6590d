"""`headrace versions`, `rollback` and `promote`: what is served, and what is to be."""

import sys
from typing import NoReturn

import click

from pipeline.cli.options import JSON

_VERSIONS_EXIT_CODES = """
\b
Exit codes:
    0  told
    1  a crash: a fault of ours, of a library or of the machine; or the store is not there
    2  the command line is not usable, or there is no such place, or it has no versions
"""

_CHANGE_EXIT_CODES = """
\b
Exit codes:
    0  done: the version is served
    1  a crash: a fault of ours, of a library or of the machine, such as a full disk; or the store
       is not there
    2  the command line is not usable, or there is no such place or version
    3  the version is damaged, or does not answer
"""

_PLACE = (
    "a folder, a place in an object store (s3://, minio://, gs://), or a spec that pushes to it"
)
_IN = click.option(
    "--in", "where", metavar="PLACE", help=f"Where: {_PLACE}.  [default: runs/serving]"
)


@click.command(epilog=_VERSIONS_EXIT_CODES)
@click.argument("where", metavar="[PLACE]", required=False)
@click.option(
    "--serve-with",
    "server",
    type=click.Choice(["tf-serving", "kserve"]),
    help="Print a `docker run` of TensorFlow Serving, or an InferenceService of KServe, instead.",
)
@JSON
def versions(where: str | None, server: str | None, as_json: bool) -> NoReturn:
    """List the pushed versions of PLACE, the newest first; the newest is served.

    PLACE is a folder, a place in an object store (s3://, minio://, gs://), or a spec that pushes to
    one; without it, runs/serving in the current folder.
    """
    if server:
        from pipeline.versions.serving import serving_command

        if as_json:
            raise click.UsageError("--serve-with and --json contradict each other. Give one")
        sys.exit(serving_command(where, server))
    from pipeline.versions.listing import versions_command

    sys.exit(versions_command(where, as_json))


@click.command(epilog=_CHANGE_EXIT_CODES)
@click.argument("version", metavar="[VERSION]", required=False)
@_IN
@JSON
def rollback(version: str | None, where: str | None, as_json: bool) -> NoReturn:
    """Serve VERSION again, or what was served before the current one.

    Servers take the highest number: the files of the earlier version appear under a new one, in one
    step, if they are what was pushed, and answer. Nothing is removed. A second rollback goes
    further back.
    """
    from pipeline.versions.rolling_back import rollback_command

    sys.exit(rollback_command(version, where, as_json))


@click.command(epilog=_CHANGE_EXIT_CODES)
@click.argument("version", metavar="[VERSION]", required=False)
@_IN
@click.option(
    "--to",
    required=True,
    metavar="PLACE",
    help="A folder, or a place in an object store (s3://, minio://, gs://).",
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Remove all but the newest N at --to afterwards.  [default: remove none]",
)
@JSON
def promote(
    version: str | None, where: str | None, to: str, keep: int | None, as_json: bool
) -> NoReturn:
    """Copy VERSION, or the current one, to another place, where it is served then.

    It has to be what was pushed, and to answer; the copy is held against it by the byte. A model
    that is served there already is not copied again.
    """
    from pipeline.versions.promoting import promote_command

    sys.exit(promote_command(version, where, to, keep, as_json))
