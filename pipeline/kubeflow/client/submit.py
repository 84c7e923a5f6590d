"""`headrace submit` as people see it."""

import dataclasses
import datetime
import pathlib
from typing import Literal

import pydantic
from rich.console import Console
from rich.text import Text

from modules.errors import InputProblem, SpecError
from pipeline import spec as spec_of
from pipeline.console import complain, say
from pipeline.failure import ExitCode, exit_code
from pipeline.kubeflow.client.cron import cron
from pipeline.kubeflow.client.package import Package, stages
from pipeline.kubeflow.client.refusals import ServerError, ServerExit
from pipeline.kubeflow.client.runs import Run
from pipeline.kubeflow.client.scheduling import schedule
from pipeline.kubeflow.client.server import Server, connect
from pipeline.kubeflow.client.submitting import Wanted, experiment, start, upload
from pipeline.kubeflow.client.waiting import follow
from pipeline.kubeflow.command import compiled
from pipeline.local.display.lines import Lines
from pipeline.local.display.lively import Lively
from pipeline.local.display.protocol import Silent

_UNSURE = "Interrupted. If a run had just been started, `headrace status` lists it"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """What is wished of a submission, beside the spec."""

    params: tuple[str, ...] = ()  # name=value each
    host: str | None = None
    namespace: str | None = None
    experiment: str | None = None  # None: the pipeline's name
    run_name: str | None = None  # None: the pipeline's name and the hour; of a schedule the name
    wait: bool = False
    schedule: str | None = None  # cron
    as_json: bool = False


class Submitted(pydantic.BaseModel):
    """The one JSON object of `headrace submit --json`."""

    outcome: Literal["started", "scheduled", "succeeded", "failed", "interrupted"] = "failed"
    pipeline: str | None = None
    version: str | None = None
    experiment: str | None = None
    schedule: str | None = None  # id
    cron: str | None = None
    run: Run | None = None
    error: str | None = None


def submit_command(
    spec_file: pathlib.Path, overrides: tuple[str, ...], order: Order, every: float = 5.0
) -> int:
    """Compiles a spec and runs it on a cluster.

    Args:
        spec_file: the TOML file.
        overrides: `key.path=value` each.
        order: everything else.
        every: seconds between two looks at a run that is waited for.

    Returns:
        The exit code, as `headrace submit --help` lists them.
    """
    console = Console(quiet=order.as_json, highlight=False)
    told = Submitted()
    try:
        spec = spec_of.load(spec_file, overrides)
        told.pipeline = spec.name
        _check(order)
        server = connect(order.host, order.namespace)  # before what takes seconds
        say(console, f"Submitting {spec.name} to {server.host}", "dim")
        text = compiled(spec, spec_file.absolute().parent)
        account = spec.kubeflow.service_account if spec.kubeflow else None
        code = deliver(server, Package(text, account), order, told, console, every)
    except InputProblem as problem:
        code, told.error = exit_code(problem), "; ".join(problem.problems)
        complain(console, problem.problems)
    except ServerError as error:
        code, told.error = error.code, error.sentence
        complain(console, [error.sentence])
        if told.run:
            say(console, _goes_on(told.run), "dim")
    except KeyboardInterrupt:
        code, told.outcome = ExitCode.INTERRUPTED, "interrupted"
        say(console, _goes_on(told.run) if told.run else _UNSURE, "yellow")
    if order.as_json:
        print(told.model_dump_json(indent=1))
    return code


def deliver(
    server: Server, package: Package, order: Order, told: Submitted, console: Console, every: float
) -> int:
    """Sends a compiled pipeline, and starts or schedules runs of it.

    Args:
        server: to send it to.
        package: what is sent.
        order: what is wished.
        told: is filled as it goes, so that it is true also when it ends early.
        console: for people.
        every: seconds between two looks at a run that is waited for.

    Raises:
        SpecError: if a parameter is not one of the pipeline.
        ServerError: if the server refuses.
    """
    values = package.values(order.params)
    told.pipeline, told.version = package.name, package.version
    version = upload(server, package)
    how = "uploaded" if version.fresh else "is there already"
    say(console, f"Version {version.name} of {package.name} {how}")
    told.experiment = order.experiment or package.name
    name = order.run_name or package.name
    wanted = Wanted(name, experiment(server, told.experiment), values)
    if order.schedule:
        told.cron = cron(order.schedule)
        made, replaced = schedule(server, package, version, wanted, told.cron)
        told.schedule, told.outcome = made, "scheduled"
        _tell_schedule(console, server, told, name, replaced)
        return ExitCode.BLESSED
    if not order.run_name:
        wanted = dataclasses.replace(wanted, name=f"{name} {_hour()}")
    told.run = _started(server, start(server, package, version, wanted), wanted.name)
    told.outcome = "started"
    _tell_run(console, told.run, order.wait)
    if not order.wait:
        return ExitCode.BLESSED
    display = Silent() if order.as_json else _display(console)
    told.run = follow(server, told.run.run, stages(package.spec), display, every)
    return _conclude(console, told)


def _started(server: Server, run_id: str, name: str) -> Run:
    return Run(run=run_id, name=name, state="pending", link=server.link(f"runs/details/{run_id}"))


def _hour() -> str:
    return f"{datetime.datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"


def _check(order: Order) -> None:
    if not order.schedule:
        return
    if order.wait:
        raise SpecError(["--wait: a schedule has no run yet to wait for. Leave one of both out"])
    cron(order.schedule)


def _display(console: Console) -> Silent:
    return Lively(console) if console.is_terminal else Lines(console)


def _tell_run(console: Console, run: Run, waits: bool) -> None:
    say(console, f"Run {run.run}: {run.name}")
    if run.link:
        say(console, run.link)
    if not waits:
        say(console, f"Look at it: headrace status {run.run}", "dim")


def _tell_schedule(
    console: Console, server: Server, told: Submitted, name: str, replaced: list[str]
) -> None:
    instead = f", in the place of {', '.join(replaced)}" if replaced else ""
    say(console, f"Schedule {told.schedule}: {name}{instead}")
    say(
        console,
        f"Starts at {told.cron!r} (second, minute, hour, day of the month, month, day of the "
        f"week), in the time zone of the cluster: UTC unless its CRON_SCHEDULE_TIMEZONE says "
        f"otherwise",
    )
    link = server.link(f"recurringrun/details/{told.schedule}")
    if link:
        say(console, link)


def _conclude(console: Console, told: Submitted) -> int:
    run = told.run
    if run is None or run.state != "succeeded":
        told.outcome = "failed"
        told.error = run.error if run else None
        if run:
            tell_failure(console, run)
        return ServerExit.RUN_FAILED
    told.outcome = "succeeded"
    console.print()
    console.print(Text.assemble(("Succeeded", "bold green"), f" in {run.seconds or 0:.0f} s"))
    logs = "the logs of Evaluator and ServingValidator"
    say(console, f"Whether the model was blessed and pushed is in {logs}", "dim")
    return ExitCode.BLESSED


def tell_failure(console: Console, run: Run) -> None:
    """Why a run failed, and what its pod wrote last."""
    console.print()
    complain(console, [run.error or f"the run {run.state}, and the server does not say why"])
    if run.log:
        say(console, f"Last lines of the pod {run.pod}:", "dim")
        for line in run.log:
            say(console, f"  {line}")
    elif run.pod:
        where = f"--namespace {run.namespace or 'kubeflow'} --container main"
        say(console, f"Its log, while it is there: kubectl logs {where} {run.pod}", "dim")
    if run.link:
        say(console, run.link)


def _goes_on(run: Run) -> str:
    return f"The run goes on. Look at it: headrace status {run.run}"
