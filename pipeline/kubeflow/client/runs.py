"""A run on the server, as we tell of it."""

import datetime
from collections.abc import Mapping
from typing import Any

import pydantic

from pipeline.kubeflow.client.package import stages
from pipeline.kubeflow.client.pods import LastLines, last_lines, pod
from pipeline.kubeflow.client.refusals import ServerError
from pipeline.kubeflow.client.server import Server
from pipeline.local.result import Node, State

ENDED = frozenset({"succeeded", "failed", "skipped", "canceled"})
# backend/src/apiserver/model/run.go, RuntimeState.ToV2
_STATES: dict[str, State] = {
    "PENDING": "running",
    "RUNNING": "running",
    "PAUSED": "running",
    "CANCELING": "running",
    "SUCCEEDED": "done",
    "SKIPPED": "skipped",
    "FAILED": "failed",
    "CANCELED": "failed",
}
_OWN = frozenset({"root", "pipeline", "exit"})  # tasks that are no stages (compiling.py)


class Run(pydantic.BaseModel):
    """A run; with --json as it stands here."""

    run: str
    name: str
    state: str  # pending, running, succeeded, failed, canceling, canceled, paused, skipped, unknown
    created: datetime.datetime | None = None
    seconds: float | None = None  # None: not yet
    link: str | None = None
    error: str | None = None
    namespace: str | None = None
    pod: str | None = None  # that failed
    log: tuple[str, ...] = ()  # its last lines
    nodes: list[Node] = []

    @property
    def ended(self) -> bool:
        """Whether its state is the last one."""
        return self.state in ENDED


def read(server: Server, found: Any, names: Mapping[str, str]) -> Run:
    """A run as it stands.

    Args:
        server: that has it.
        found: as kfp.Client gives it.
        names: task of the compiled pipeline -> its stage, in order; empty: those that are there.
    """
    state = _lower(found.state)
    details = list(found.run_details.task_details or ()) if found.run_details else []
    tasks = {str(task.display_name): task for task in details}
    created, finished = _moment(found.created_at), _moment(found.finished_at)
    end = finished if state in ENDED else _now()
    shown = names or _present(tasks)
    return Run(
        run=found.run_id,
        name=found.display_name or found.run_id,
        state=state,
        created=created,
        seconds=_between(created, end),
        link=server.link(f"runs/details/{found.run_id}"),
        error=found.error.message if found.error else None,
        namespace=server.namespace,
        nodes=[_node(task, name, tasks, state in ENDED) for task, name in shown.items()],
    )


def explained(server: Server, found: Any, names: Mapping[str, str]) -> Run:
    """A run with why it failed, if it did: the stage, the reason, the pod's last lines.

    Args:
        server: that has it.
        found: as kfp.Client gives it.
        names: as for `read`.
    """
    run = read(server, found, names)
    if run.state == "canceled":
        return run.model_copy(update={"error": run.error or "the run was canceled"})
    failed = next((node.name for node in run.nodes if node.state == "failed"), None)
    if run.state != "failed" or failed is None:
        return run
    task = next((task for task, name in names.items() if name == failed), failed)
    details = found.run_details.task_details
    told = next((one for one in details if one.display_name in (task, failed)), None)
    nodes = {str(child.pod_name) for one in details for child in one.child_tasks or ()}
    name = (told.pod_name if told else None) or pod(task, nodes)
    end = last_lines(server, run.run, name) if name else LastLines()
    reason = end.reason or (told.error.message if told and told.error else None) or run.error
    error = f"{failed}: {reason or 'its pod failed'}"
    return run.model_copy(update={"error": error, "pod": name, "log": end.lines})


def fetch(server: Server, run_id: str) -> Any:
    """A run as the server has it."""
    return server.client.get_run(run_id=run_id)


def stages_of(server: Server, found: Any) -> dict[str, str]:
    """The stages of the pipeline that a run is of; none if that is gone."""
    reference = found.pipeline_version_reference
    spec = found.pipeline_spec
    if spec is None and reference and reference.pipeline_version_id:
        try:
            version = server.ask(
                server.client.get_pipeline_version,
                pipeline_id=reference.pipeline_id,
                pipeline_version_id=reference.pipeline_version_id,
            )
        except ServerError:
            return {}
        spec = version.pipeline_spec
    spec = spec or {}
    return stages(spec.get("pipeline_spec", spec))  # with settings of the platform, it is below


def _node(task: str, name: str, tasks: Mapping[str, Any], ended: bool) -> Node:
    """A stage: its driver is a task of its own, which goes before it."""
    stage, driver = tasks.get(task) or tasks.get(name), tasks.get(f"{task}-driver")
    if driver is not None and driver.state == "FAILED":
        stage, state = driver, "failed"
    elif stage is not None and stage.state in _STATES:
        state = _STATES[stage.state]
    else:
        # Argo omits what waits for a stage that failed, which the API has no word for.
        begun = driver is not None and driver.state in _STATES
        state = "skipped" if ended else "running" if begun else "waiting"
    begin = _moment(driver.start_time if driver else stage.start_time if stage else None)
    end = _moment(stage.end_time) if stage and state in ("done", "failed") else _now()
    seconds = _between(begin, end) if state in ("done", "failed", "running") else 0.0
    return Node.model_validate({"name": name, "state": state, "seconds": seconds or 0.0})


def _present(tasks: Mapping[str, Any]) -> dict[str, str]:
    """Stages that have begun, in that order; what has a driver is a stage or holds some."""
    begun = [name for name in tasks if f"{name}-driver" in tasks and name not in _OWN]
    begun.sort(key=lambda name: _moment(tasks[name].start_time) or _now())
    return {name: name for name in begun}


def _lower(state: str | None) -> str:
    known = state and state != "RUNTIME_STATE_UNSPECIFIED"
    return state.lower() if state and known else "unknown"


def _moment(given: Any) -> datetime.datetime | None:
    """A moment, or none: what has not come yet is the year 1 or 1970 (api_converter.go)."""
    return given if isinstance(given, datetime.datetime) and given.year > 1970 else None


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _between(begin: datetime.datetime | None, end: datetime.datetime | None) -> float | None:
    """Seconds; no clock of ours goes back behind the server's."""
    return max(0.0, round((end - begin).total_seconds(), 3)) if begin and end else None
