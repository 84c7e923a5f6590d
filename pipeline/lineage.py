"""Questions to ML Metadata, and the little that the local runner tells it: the one place for both.

What TFX's launcher registers for a node that runs, it registers itself. What is here needs no
TensorFlow, so that a run in which the cache serves every node takes no import of it.
"""

import contextlib
import pathlib
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.protobuf import json_format
from ml_metadata import errors, metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

DATABASE = "metadata.sqlite"  # in the folder of the runs
_RETRIES = 30  # of a call that finds the database locked; each waits longer than the one before
_PATIENCE_SECONDS = 60  # with another program that holds the database when it is to be opened


def connection(runs: pathlib.Path) -> pb.ConnectionConfig:
    """How to reach the database of a folder of runs."""
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(runs / DATABASE)
    config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    config.retry_options.max_num_retries = _RETRIES
    return config


@contextlib.contextmanager
def opened(runs: pathlib.Path) -> Iterator[metadata_store.MetadataStore]:
    """The store, closed again after the block: a process that forks must have none open.

    Raises:
        RuntimeError: if another program holds the database for minutes.
    """
    store = _open(runs)
    try:
        yield store
    finally:
        del store


def _open(runs: pathlib.Path) -> metadata_store.MetadataStore:
    """The store; while another process writes, ML Metadata may take it for one half made."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return metadata_store.MetadataStore(connection(runs))
        except (RuntimeError, errors.StatusError) as error:
            if time.monotonic() > until:
                raise RuntimeError(f"{runs / DATABASE}: cannot be opened: {error}") from error
            time.sleep(0.2)


def output_artifacts(config: Any, execution_id: int) -> dict[str, list[Any]]:
    """By output key, the artifacts that an execution published, as TFX's own objects.

    Args:
        config: connection config.
        execution_id: of an execution that has ended well.
    """
    from tfx.orchestration import metadata
    from tfx.orchestration.portable.mlmd import execution_lib

    with metadata.Metadata(config) as handle:
        found = execution_lib.get_output_artifacts(handle, execution_id)
    return {key: list(artifacts) for key, artifacts in found.items()}


def visible(artifact: pb.Artifact) -> dict[str, Any]:
    """The properties of an artifact, of both kinds, that are set, as plain values."""
    found = {}
    for values in (artifact.properties, artifact.custom_properties):
        for key, value in values.items():
            kind = value.WhichOneof("value")
            if kind == "struct_value":
                found[key] = json_format.MessageToDict(value.struct_value)
            elif kind in ("int_value", "double_value", "string_value", "bool_value"):
                found[key] = getattr(value, kind)
    return found


def blessed_models(runs: pathlib.Path, pipeline: str) -> list[int]:
    """Ids of the models of a pipeline that were blessed and still are there, the newest first.

    As in `components.baseline.strategy`: not those that were found unfit to serve, and never fit.
    """
    with opened(runs) as store:
        context = store.get_context_by_type_and_name("pipeline", pipeline)
        if context is None:
            return []
        found = store.get_artifacts_by_context(context.id)
        names = {each.id: each.name for each in store.get_artifact_types()}
    live = [artifact for artifact in found if artifact.state == pb.Artifact.LIVE]

    def judged(kind: str, good: bool) -> set[Any]:
        told = [visible(each) for each in live if names[each.type_id] == kind]
        return {each.get("current_model_id") for each in told if (each.get("blessed") == 1) == good}

    unfit = judged("InfraBlessing", good=False) - judged("InfraBlessing", good=True)
    blessed = judged("ModelBlessing", good=True) - unfit
    models = [each for each in live if names[each.type_id] == "Model" and each.id in blessed]
    return sorted((each.id for each in models if pathlib.Path(each.uri).is_dir()), reverse=True)


def are_live(runs: pathlib.Path, ids: Sequence[int]) -> bool:
    """Whether ML Metadata has all these artifacts, and none as removed."""
    with opened(runs) as store:
        found = store.get_artifacts_by_id(ids)
    live = {each.id for each in found if each.state == pb.Artifact.LIVE}
    return live == set(ids)


def latest_executions(runs: pathlib.Path, pipeline: str) -> dict[str, tuple[int, float]]:
    """By node, the execution in the latest run of a pipeline, and the seconds it took."""
    with opened(runs) as store:
        (of_pipeline,) = (
            each for each in store.get_contexts_by_type("pipeline") if each.name == pipeline
        )
        newest = max(
            (
                each
                for each in store.get_children_contexts_by_context(of_pipeline.id)
                if each.type == "pipeline_run"
            ),
            key=lambda context: context.id,
        )
        found: dict[str, tuple[int, float]] = {}
        for execution in store.get_executions_by_context(newest.id):
            (node,) = (
                each.name
                for each in store.get_contexts_by_execution(execution.id)
                if each.type == "node"
            )
            took = execution.last_update_time_since_epoch - execution.create_time_since_epoch
            found[node.removeprefix(f"{pipeline}.")] = (execution.id, took / 1000)
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def register_cached(
    runs: pathlib.Path,
    execution_id: int,
    contexts: Sequence[tuple[str, str]],
    inputs: Mapping[str, Sequence[int]],
) -> None:
    """Registers that a run uses what an earlier execution made, as TFX's launcher does.

    Args:
        runs: the folder.
        execution_id: the earlier one.
        contexts: type and name of each that the node belongs to: pipeline, run, node.
        inputs: artifacts by input.
    """
    with opened(runs) as store:
        (earlier,) = store.get_executions_by_id([execution_id])
        made = [
            event
            for event in store.get_events_by_execution_ids([execution_id])
            if event.type in (pb.Event.OUTPUT, pb.Event.INTERNAL_OUTPUT)
        ]
        # A Resolver makes nothing of its own, and to TFX its execution is never a cached one.
        resolved = any(event.type == pb.Event.INTERNAL_OUTPUT for event in made)
        execution = pb.Execution(
            type_id=earlier.type_id,
            name=str(uuid.uuid4()),
            last_known_state=earlier.last_known_state if resolved else pb.Execution.CACHED,
            properties=earlier.properties,
            custom_properties=earlier.custom_properties,
        )
        events = [*_inputs(inputs), *(_again(event) for event in made)]
        ids = list({event.artifact_id for event in events})
        artifacts = {each.id: each for each in store.get_artifacts_by_id(ids)}
        store.put_execution(
            execution,
            [(artifacts[event.artifact_id], event) for event in events],
            _contexts(store, contexts),
        )


def settle(runs: pathlib.Path, run_ids: Sequence[str]) -> None:
    """Notes as failed what runs that are over left under way, as when they were killed."""
    if not (runs / DATABASE).exists():
        return
    with opened(runs) as store:
        for run_id in run_ids:
            context = store.get_context_by_type_and_name("pipeline_run", run_id)
            executions = store.get_executions_by_context(context.id) if context else []
            left = [each for each in executions if each.last_known_state == pb.Execution.RUNNING]
            for execution in left:
                execution.last_known_state = pb.Execution.FAILED
            if left:
                store.put_executions(left)


def _contexts(
    store: metadata_store.MetadataStore, named: Sequence[tuple[str, str]]
) -> list[pb.Context]:
    """The contexts, made where they are new, the run's within the pipeline's."""
    found: dict[str, pb.Context] = {}
    for kind, name in named:
        context = store.get_context_by_type_and_name(kind, name)
        if context is None:
            # The types are known since the earlier execution.
            context = pb.Context(type_id=store.get_context_type(kind).id, name=name)
            try:
                (context.id,) = store.put_contexts([context])
            except errors.AlreadyExistsError:  # a node that runs has just made it, and its link
                found[kind] = store.get_context_by_type_and_name(kind, name)
                continue
            if kind == "pipeline_run":
                parent = pb.ParentContext(child_id=context.id, parent_id=found["pipeline"].id)
                store.put_parent_contexts([parent])
        found[kind] = context
    return list(found.values())


def _inputs(artifacts: Mapping[str, Sequence[int]]) -> Iterator[pb.Event]:
    """What links inputs to an execution: key and place, as TFX reads them."""
    for key, ids in artifacts.items():
        for index, one in enumerate(ids):
            event = pb.Event(type=pb.Event.INPUT, artifact_id=one)
            event.path.steps.add().key = key
            event.path.steps.add().index = index
            yield event


def _again(event: pb.Event) -> pb.Event:
    """The same link, for another execution."""
    return pb.Event(type=event.type, artifact_id=event.artifact_id, path=event.path)
