"""What holds of a folder of runs, whatever was removed from it and whenever that was stopped."""

import pathlib
import sqlite3

from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline import lineage
from pipeline.local import record as record_of
from pipeline.local.cache import index

# By table, its columns that name a row of another.
REFERENCES = {
    "ArtifactProperty": {"artifact_id": "Artifact"},
    "ExecutionProperty": {"execution_id": "Execution"},
    "ContextProperty": {"context_id": "Context"},
    "Event": {"artifact_id": "Artifact", "execution_id": "Execution"},
    "EventPath": {"event_id": "Event"},
    "Association": {"context_id": "Context", "execution_id": "Execution"},
    "Attribution": {"context_id": "Context", "artifact_id": "Artifact"},
    "ParentContext": {"context_id": "Context", "parent_context_id": "Context"},
}


def unsound(runs: pathlib.Path) -> list[str]:
    """What would mislead a later run: a sentence each."""
    return [*_dangling(runs), *_live_without_files(runs), *_cached_without_outputs(runs)]


def _dangling(runs):
    database = sqlite3.connect(runs / lineage.DATABASE)
    for table, columns in REFERENCES.items():
        for column, other in columns.items():
            (count,) = database.execute(
                f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT id FROM {other})"
            ).fetchone()
            if count:
                yield f"{count} rows of {table} name a row of {other} that is not there"
    database.close()


def _live_without_files(runs):
    with lineage.opened(runs) as store:
        for artifact in store.get_artifacts():
            if artifact.state != pb.Artifact.LIVE:
                continue
            events = store.get_events_by_artifact_ids([artifact.id])
            if not any(event.type == pb.Event.OUTPUT for event in events):
                yield f"{artifact.uri} is live, and nothing made it"  # TFX does not find it
            if not pathlib.Path(artifact.uri).is_dir():
                yield f"{artifact.uri} is live, and not there"


def _cached_without_outputs(runs):
    with lineage.opened(runs) as store:
        executions = {each.id for each in store.get_executions()}
    for path in (runs / index.FOLDER).rglob("*.json"):
        made = record_of.read(path)
        ids = [output.id for outputs in made.outputs.values() for output in outputs]
        if index.damaged(made) or not lineage.are_live(runs, ids):
            yield f"{path} is of outputs that are gone"
        if made.execution not in executions:
            yield f"{path} is of an execution that is gone"
