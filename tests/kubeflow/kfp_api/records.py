"""What the server keeps: pipelines, versions, experiments, runs and recurring runs."""

import dataclasses
import datetime
import json
import uuid
from collections.abc import Mapping
from typing import Any

from tests.kubeflow.kfp_api import bodies
from tests.kubeflow.kfp_api.progress import Plan, Progress
from tests.kubeflow.kfp_api.refused import (
    ALREADY_EXISTS,
    INVALID_ARGUMENT,
    NOT_FOUND,
    PERMISSION_DENIED,
    Refused,
)

Record = dict[str, Any]
BEGUN = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)  # of the first run


class Records:
    """Everything, by id."""

    def __init__(self) -> None:
        self.pipelines: dict[str, Record] = {}
        self.versions: dict[str, Record] = {}
        self.experiments: dict[str, Record] = {}
        self.runs: dict[str, Record] = {}
        self.recurring: dict[str, Record] = {}
        self.progress: dict[str, Progress] = {}
        self.plan = Plan()  # of runs to come
        self.multi_user = False

    def make_pipeline(self, body: Record) -> Record:
        bodies.check_fields("pipeline", body)
        name = body.get("name") or body.get("display_name") or ""
        bodies.check_name("pipeline", name)
        self._check_namespace(body)
        for other in self.pipelines.values():
            if (other["name"], other.get("namespace")) == (name, body.get("namespace")):
                raise Refused(ALREADY_EXISTS, f"The name {name} already exist")
        return _keep(self.pipelines, "pipeline_id", {**body, "name": name, "display_name": name})

    def make_version(self, pipeline_id: str, name: str, text: str) -> Record:
        self.get("pipelines", pipeline_id, "Pipeline")
        bodies.check_name("version", name)
        for other in self.versions.values():
            if (other["pipeline_id"], other["display_name"]) == (pipeline_id, name):
                raise Refused(ALREADY_EXISTS, "Failed to create a pipeline version")
        documents = bodies.documents(text)
        spec = documents[0]
        if len(documents) > 1:
            spec = {"pipeline_spec": documents[0], "platform_spec": documents[1]}
        version = {"pipeline_id": pipeline_id, "name": name, "display_name": name}
        return _keep(self.versions, "pipeline_version_id", {**version, "pipeline_spec": spec})

    def make_experiment(self, body: Record) -> Record:
        bodies.check_fields("experiment", body)
        bodies.check_name("experiment", body.get("display_name", ""))
        self._check_namespace(body)
        return _keep(self.experiments, "experiment_id", body)

    def make_run(self, body: Record) -> Record:
        """server/run_server.go, createRun."""
        bodies.check_fields("run", body)
        if not body.get("display_name"):
            raise Refused(INVALID_ARGUMENT, "The run name is empty. Please specify a valid name")
        spec = self._check_job(body)
        dag = spec["components"]["comp-pipeline"]["dag"]["tasks"]
        count = len(self.runs)
        begun = BEGUN + datetime.timedelta(hours=count)
        run = _keep(self.runs, "run_id", {**body, "created_at": f"{begun:%Y-%m-%dT%H:%M:%SZ}"})
        plan = dataclasses.replace(self.plan)
        workflow = f"{spec['pipelineInfo']['name']}-x{count}"
        self.progress[run["run_id"]] = Progress(workflow, _ordered(dag), plan, begun)
        return self.run(run["run_id"])

    def make_recurring(self, body: Record) -> Record:
        bodies.check_fields("recurring_run", body)
        bodies.check_recurring(body)
        self._check_job(body)
        return _keep(self.recurring, "recurring_run_id", body)

    def run(self, run_id: str, advance: bool = False) -> Record:
        """A run as it stands; it may go on first."""
        run = self.get("runs", run_id, "Run")
        progress = self.progress[run_id]
        if advance:
            progress.advance()
        details = progress.details()
        return {
            **run,
            "state": progress.state,
            "finished_at": progress.finished_at,
            "storage_state": "AVAILABLE",
            **({"run_details": {"task_details": details}} if details else {}),
        }

    def get(self, kind: str, key: str, called: str) -> Record:
        record = getattr(self, kind).get(key)
        if record is None:
            raise Refused(NOT_FOUND, f"{called} {key} not found.", "ResourceNotFoundError")
        return dict(record)

    def list(self, kind: str, query: Mapping[str, str]) -> "list[Record]":
        """Those that a filter lets through; backend/src/apiserver/filter: EQUALS is all we use."""
        if kind == "runs" and self.multi_user and not query.get("namespace"):
            raise Refused(INVALID_ARGUMENT, "A namespace is required in multi-user mode")
        wanted = {
            key: query[key]
            for key in ("pipeline_id", "experiment_id", "namespace")
            if query.get(key)
        }
        if kind == "runs":
            wanted.pop("namespace", None)
        for predicate in json.loads(query.get("filter") or "{}").get("predicates", ()):
            if predicate["operation"] not in ("EQUALS", 1):
                raise Refused(INVALID_ARGUMENT, f"unknown operation {predicate['operation']}")
            wanted[predicate["key"]] = predicate["stringValue"]
        found = [
            record
            for record in getattr(self, kind).values()
            if all(record.get(key) == value for key, value in wanted.items())
        ]
        if query.get("sort_by") == "created_at desc":
            found.reverse()
        return found[: int(query.get("page_size") or 20)]

    def _check_job(self, body: Record) -> Record:
        """What a run and a recurring run share; the pipeline's spec."""
        self.get("experiments", body.get("experiment_id", ""), "Experiment")
        reference = body.get("pipeline_version_reference") or {}
        version = self.get("versions", reference.get("pipeline_version_id", ""), "PipelineVersion")
        if version["pipeline_id"] != reference.get("pipeline_id"):
            raise Refused(INVALID_ARGUMENT, "the pipeline has no such version")
        spec: Record = version["pipeline_spec"]
        spec = spec.get("pipeline_spec", spec)
        bodies.check_inputs(spec, body.get("runtime_config", {}).get("parameters", {}))
        return spec

    def _check_namespace(self, body: Record) -> None:
        if self.multi_user and not body.get("namespace"):
            raise Refused(PERMISSION_DENIED, "Namespace cannot be empty in multi-user mode")


def _keep(kept: dict[str, Record], key: str, record: Record) -> Record:
    name = str(uuid.uuid4())
    kept[name] = {"created_at": f"{BEGUN:%Y-%m-%dT%H:%M:%SZ}", **record, key: name}
    return kept[name]


def _ordered(dag: Mapping[str, Any]) -> list[str]:
    """Tasks after those that they wait for."""
    ordered: list[str] = []
    while len(ordered) < len(dag):
        ordered += [
            name
            for name in sorted(dag)
            if name not in ordered and set(dag[name].get("dependentTasks", ())) <= set(ordered)
        ]
    return ordered
