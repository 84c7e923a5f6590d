"""`headrace status` as people see it."""

import pydantic
from rich.console import Console

from pipeline.console import complain, say
from pipeline.failure import ExitCode
from pipeline.kubeflow.client.refusals import ServerError
from pipeline.kubeflow.client.runs import Run, explained, fetch, read, stages_of
from pipeline.kubeflow.client.server import Server, connect
from pipeline.kubeflow.client.submit import tell_failure
from pipeline.local.result import Node

_LATEST = 10  # runs
_NOT_FOUND = 404


class Runs(pydantic.BaseModel):
    """The one JSON object of `headrace status --json` without a run."""

    runs: list[Run]


def status_command(
    run_id: str | None, host: str | None, namespace: str | None, as_json: bool
) -> int:
    """Prints how a run stands, or which were the latest.

    Returns:
        The exit code, as `headrace status --help` lists them.
    """
    console = Console(quiet=as_json, highlight=False)
    try:
        server = connect(host, namespace)
        told: Run | Runs = one(server, run_id) if run_id else latest(server)
    except ServerError as error:
        if as_json:
            print(f'{{"error": {pydantic.TypeAdapter(str).dump_json(error.sentence).decode()}}}')
        complain(console, [error.sentence])
        return error.code
    if as_json:
        print(told.model_dump_json(indent=1))
    elif isinstance(told, Run):
        _show(console, told)
    else:
        _list(console, told.runs)
    return ExitCode.BLESSED


def one(server: Server, run_id: str) -> Run:
    """A run.

    Raises:
        ServerError: if there is none of that id.
    """
    try:
        found = fetch(server, run_id)
    except ServerError as error:
        if error.status != _NOT_FOUND:
            raise
        raise ServerError(
            f"{server.host}: no run {run_id!r}. `headrace status` lists the latest",
            ExitCode.BAD_SPEC,
            _NOT_FOUND,
        ) from None
    return explained(server, found, stages_of(server, found))


def latest(server: Server) -> Runs:
    """The latest runs, the newest first."""
    listed = server.client.list_runs(
        page_size=_LATEST, sort_by="created_at desc", namespace=server.namespace
    )
    return Runs(runs=[read(server, found, {}) for found in listed.runs or ()])


def _show(console: Console, run: Run) -> None:
    say(console, f"{run.name}: {run.state}, {_seconds(run.seconds)}")
    width = max((len(node.name) for node in run.nodes), default=0)
    for node in run.nodes:
        line = f"{node.name:{width}}  {node.state:7}  {_of(node)}".rstrip()
        say(console, line, _STYLES.get(node.state, ""))
    if run.state in ("failed", "canceled"):
        tell_failure(console, run)
    elif run.link:
        say(console, run.link)


_STYLES = {"failed": "red", "waiting": "dim", "skipped": "dim"}


def _of(node: Node) -> str:
    return _seconds(node.seconds) if node.state in ("done", "failed", "running") else ""


def _list(console: Console, runs: list[Run]) -> None:
    if not runs:
        say(console, "No runs yet; `headrace submit SPEC` starts one")
    for run in runs:
        begun = f"{run.created.astimezone():%Y-%m-%d %H:%M}" if run.created else ""
        took = _seconds(run.seconds)
        say(console, f"{run.run}  {run.state:9}  {begun:16}  {took:>9}  {run.name}")


def _seconds(seconds: float | None) -> str:
    return f"{seconds:.1f} s" if seconds is not None else "-"
