"""`headrace …`: the only file that parses arguments. What is heavy is imported by commands."""

import pathlib
import sys
from typing import Any, NoReturn

import click

_EXIT_CODES = """
\b
Exit codes:
    0  trained, judged, blessed and pushed; or, of a part of the DAG, done
    1  a crash: a fault of ours, of a library or of the machine
    2  the spec or the command line is not usable
    3  the data cannot be read as the spec says
    4  the data was read, and is not fit to learn from
    5  the model is not blessed, so it was not pushed
  130  interrupted with Ctrl-C
"""

_INIT_EXIT_CODES = """
\b
Exit codes:
    0  both files are written
    1  a crash: a fault of ours, of a library or of the machine
    2  the command line is not usable, or a file is there already
    3  the data cannot be read, or there is nothing in it to learn
"""


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

_MANNERS = {  # of printing, by option; see pipeline/local/display/telling.py
    "--quiet": "quiet",
    "--verbose": "verbose",
    "--json": "object",
    "--log-format json": "events",
}

_DOCTOR_EXIT_CODES = """
\b
Exit codes:
    0  no problem was found; there may be warnings
    1  there are problems, and what mends them is said
    2  the command line is not usable
  130  interrupted with Ctrl-C
"""

_SPEC = click.argument("spec_file", metavar="SPEC", type=click.Path(path_type=pathlib.Path))
_SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key of the spec, for example --set training.steps=200. May be repeated.",
)
_HOST = click.option(
    "--host",
    metavar="URL",
    help="Of Kubeflow Pipelines.  [default: KF_PIPELINES_ENDPOINT, or else the cluster this runs "
    "in or the kubeconfig names]",
)
_NAMESPACE = click.option(
    "--namespace", metavar="NAME", help="Of your profile, where the server has several users."
)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `headrace init DATA --label COLUMN`, then `headrace run SPEC`.",
)
@click.version_option(package_name="headrace")
def main() -> None:
    """From a table to a validated, trained, judged and pushed Keras model."""


@main.command(epilog=_EXIT_CODES)
@_SPEC
@_SET
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
    only, every = wishes.pop("only"), wishes.pop("no_cache")
    if only and (wishes["first"] or wishes["last"]):
        raise click.UsageError("--only is --from and --to of one node: give either of them")
    if only:
        wishes |= {"first": only, "last": only}
    if every:
        wishes["uncached"] = ("*",)
    sys.exit(run_command(spec_file, Order(**wishes), manner))


def _manner(asked: dict[str, bool]) -> Any:
    """How a run is printed, by the options that were given."""
    given = [option for option, is_given in asked.items() if is_given]
    if len(given) > 1:
        raise click.UsageError(
            f"{' and '.join(given)} contradict each other: each says all that is printed. Give one"
        )
    return _MANNERS[given[0]] if given else "normal"


@main.command(epilog=_INIT_EXIT_CODES)
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


@main.command("compile", epilog=_COMPILE_EXIT_CODES)
@_SPEC
@_SET
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


@main.command(epilog=_SUBMIT_EXIT_CODES)
@_SPEC
@_SET
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


@main.command(epilog=_STATUS_EXIT_CODES)
@click.argument("run_id", metavar="[RUN]", required=False)
@_HOST
@_NAMESPACE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object only.")
def status(run_id: str | None, host: str | None, namespace: str | None, as_json: bool) -> NoReturn:
    """Tell how RUN on Kubeflow Pipelines stands, by its id; without one, list the latest."""
    from pipeline.kubeflow.client.status import status_command

    sys.exit(status_command(run_id, host, namespace, as_json))


_FOLDER = click.option(
    "--runs",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=pathlib.Path),
    help="The folder of the runs.  [default: `runs` in the current folder]",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object only.")


@main.command("runs", epilog=_RUNS_EXIT_CODES)
@_FOLDER
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="List the newest N.",
)
@_JSON
def runs_(folder: pathlib.Path | None, limit: int, as_json: bool) -> NoReturn:
    """List runs on this machine, the newest first.

    Tells how each ended, and why, and how many nodes ran or came from the cache.
    """
    from pipeline.history.listing import runs_command

    sys.exit(runs_command(folder, limit, as_json))


@main.command(epilog=_RUNS_EXIT_CODES)
@click.argument("run_id", metavar="RUN")
@_FOLDER
@_JSON
def show(run_id: str, folder: pathlib.Path | None, as_json: bool) -> NoReturn:
    """Show how RUN ended, and what came of its nodes.

    RUN is an id, as `headrace runs` lists them, the beginning of one, or `last`.
    """
    from pipeline.history.showing import show_command

    sys.exit(show_command(run_id, folder, as_json))


@main.command(epilog=_RUNS_EXIT_CODES)
@click.argument("old", metavar="RUN")
@click.argument("new", metavar="RUN")
@_FOLDER
@_JSON
def diff(old: str, new: str, folder: pathlib.Path | None, as_json: bool) -> NoReturn:
    """Tell what differs between two runs.

    Compares their specs, code, libraries, data and metrics, the first RUN being the older one. RUN
    is an id, as `headrace runs` lists them, the beginning of one, or `last`.
    """
    from pipeline.history.comparing import diff_command

    sys.exit(diff_command(old, new, folder, as_json))


@main.command(epilog=_RUNS_EXIT_CODES)
@click.argument("node", metavar="NODE")
@click.option(
    "--run", "run_id", default="last", show_default=True, help="An id, or the beginning of one."
)
@_FOLDER
def explain(node: str, run_id: str, folder: pathlib.Path | None) -> NoReturn:
    """Explain why NODE ran, or was cached.

    Tells also what the outcome of NODE depends on, which is its key in the cache.
    """
    from pipeline.history.explaining import explain_command

    sys.exit(explain_command(node, run_id, folder))


@main.command(epilog=_GC_EXIT_CODES)
@_FOLDER
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="Keep the newest N runs.",
)
@click.option("--yes", "really", is_flag=True, help="Remove it; without, only tell what would go.")
@_JSON
def gc(folder: pathlib.Path | None, keep: int, really: bool, as_json: bool) -> NoReturn:
    """Remove old runs, and what no run needs that stays.

    Beside the newest runs stay, with all that they need: those whose model is served, the one with
    the latest blessed model, and one that can be resumed. Files that no run wrote are left alone.
    """
    from pipeline.history.gc.command import gc_command

    sys.exit(gc_command(folder, keep, really, as_json))


@main.command(epilog=_DOCTOR_EXIT_CODES)
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
