"""`headrace …`: the only room that parses arguments. What is heavy is imported by commands."""

import click

from pipeline.cli.history import diff, explain, gc, runs_, show
from pipeline.cli.kubeflow import compile_, status, submit
from pipeline.cli.predicting import predict
from pipeline.cli.reporting import report
from pipeline.cli.running import run
from pipeline.cli.serving import serve
from pipeline.cli.starting import doctor, init
from pipeline.cli.versions import promote, rollback, versions


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `headrace init DATA --label COLUMN`, then `headrace run SPEC`.",
)
@click.version_option(package_name="headrace")
def main() -> None:
    """From a table to a validated, trained, judged and pushed Keras model."""


for _command in (
    init, run, predict, serve, doctor,
    runs_, show, report, diff, explain, gc,
    versions, rollback, promote,
    compile_, submit, status,
):  # fmt: skip
    main.add_command(_command)
