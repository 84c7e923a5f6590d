"""`headrace compile`, `submit` and `status`: the same DAG on Kubeflow Pipelines."""

import pathlib
import sys
from typing import Any, NoReturn

import click

from pipeline.cli.options import JSON, SET, SPEC

_COMPILE_EXIT_CODES = """
\b
Exit codes:
    0  the file is written
    1  a crash: a fault of ours, of a library or of the machine
    2  the spec or the command line is not usable, or the server would refuse the pipeline
    3  the format of the data cannot be told
"""

_SUBMIT_EXIT_CODES = """
\b
Exit codes:
    0  the run is started, or the schedule made; with --wait: the run succeeded
    1  a crash: a fault of ours, of a library or of this machine
    2  the spec or the command line is not usable, or the server refuses the pipeline
    3  the format of the data cannot be told
    6  the server is not there, does not let us in, or has no room
    7  the run failed or was canceled (--wait)
  130  interrupted with Ctrl-C; a run that was started goes on
"""

_STATUS_EXIT_CODES = """
\b
Exit codes:
    0  told, however the run stands
    1  a crash: a fault of ours, of a library or of this machine
    2  the command line is not usable, or there is no such run
    6  the server is not there, or does not let us in
"""

_HOST = click.option(
    "--host",
    metavar="URL",
    help="Of Kubeflow Pipelines.  [default: KF_PIPELINES_ENDPOINT, or else the cluster this runs "
    "in or the kubeconfig names]",
)
_NAMESPACE = click.option(
    "--namespace", metavar="NAME", help="Of your profile, where the server has several users."
)


@click.command("compile", epilog=_COMPILE_EXIT_CODES)
@SPEC
@SET
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="The file to write, - for the terminal.  [default: `pipeline.yaml` beside the spec]",
)
@click.option(
    "--check/--no-check",
    default=True,
    show_default=True,
    help="Refuse what the server of Kubeflow Pipelines would refuse.",
)
@click.option(
    "--target",
    type=click.Choice(["kubeflow", "vertex"]),
    default="kubeflow",
    show_default=True,
    help="Open-source Kubeflow Pipelines, or a job for Vertex AI as TFX's own compiler writes it.",
)
def compile_(
    spec_file: pathlib.Path,
    overrides: tuple[str, ...],
    output: str | None,
    check: bool,
    target: str,
) -> NoReturn:
    """Compile SPEC for Kubeflow Pipelines v2: the DAG of `headrace run`, a pod a stage.

    Needs a [kubeflow] table: an image, and a volume that holds what lies beside the spec. Two
    compilations of one spec are the same to the byte.
    """
    from pipeline.kubeflow.command import compile_command

    sys.exit(compile_command(spec_file, overrides, output, check, target == "vertex"))


@click.command(epilog=_SUBMIT_EXIT_CODES)
@SPEC
@SET
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="Give the run a parameter, for example --param steps=200. May be repeated.",
)
@_HOST
@_NAMESPACE
@click.option("--experiment", metavar="NAME", help="[default: the name of the pipeline]")
@click.option(
    "--run-name",
    metavar="NAME",
    help="Of the run, or of the schedule.  [default: that of the pipeline; a run's has the hour]",
)
@click.option("--wait", is_flag=True, help="Follow the run until it ends.")
@click.option(
    "--schedule",
    metavar="CRON",
    help="Start runs by a schedule, for example '0 3 * * *'; replaces that of the same name.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end only.")
def submit(spec_file: pathlib.Path, overrides: tuple[str, ...], **wishes: Any) -> NoReturn:
    """Compile SPEC and run it on Kubeflow Pipelines.

    Uploads what `headrace compile` writes, unless the server has it, and starts a run of it. A
    token is taken from KFP_EXISTING_TOKEN, or from the file that KF_PIPELINES_SA_TOKEN_PATH names.
    """
    from pipeline.kubeflow.client.submit import Order, submit_command

    sys.exit(submit_command(spec_file, overrides, Order(**wishes)))


@click.command(epilog=_STATUS_EXIT_CODES)
@click.argument("run_id", metavar="[RUN]", required=False)
@_HOST
@_NAMESPACE
@JSON
def status(run_id: str | None, host: str | None, namespace: str | None, as_json: bool) -> NoReturn:
    """Tell how RUN on Kubeflow Pipelines stands, by its id; without one, list the latest."""
    from pipeline.kubeflow.client.status import status_command

    sys.exit(status_command(run_id, host, namespace, as_json))
