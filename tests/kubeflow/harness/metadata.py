"""Artifacts as ML Metadata keeps them.

As mergeRuntimeArtifacts and getArtifactSchema of backend/src/v2/component/launcher_v2.go,
RecordArtifact of backend/src/v2/metadata/client.go and ImportSpecToMLMDArtifact of
backend/src/v2/component/importer_launcher.go have it.
"""

import itertools
import pathlib
from typing import Any

import yaml
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from tests.kubeflow.harness import values
from tests.kubeflow.harness.cluster import TaskError
from tests.kubeflow.harness.result import Artifact
from tests.kubeflow.harness.store import STAGING

_IDS = itertools.count(1)


def merge(told: Any, artifact: Any) -> None:
    """What a container tells of an output goes before what it was given: URI and metadata only."""
    artifact.uri = told.uri or artifact.uri
    for name, value in told.metadata.fields.items():
        artifact.metadata.fields[name].CopyFrom(value)


def recorded(name: str, artifact: Any) -> Any:
    """An output artifact as a later task will get it: without a type, with two more properties."""
    _title(artifact.type, f"output {name!r}")
    kept = _kept(artifact.uri, artifact.metadata)
    fields = kept.metadata.fields
    if "display_name" not in fields:
        fields["display_name"].string_value = name
    if "store_session_info" not in fields:
        scheme = artifact.uri.split("://", maxsplit=1)[0]
        session = {"Provider": scheme, "Params": {"fromEnv": "true"}}
        fields["store_session_info"].string_value = values.compact(session)
    return kept


def imported(importer: Any, uri: str) -> Any:
    """An artifact that an importer names; nothing is downloaded or looked at."""
    title = _title(importer.type_schema, "importer")
    scheme = uri.split("://", maxsplit=1)[0]
    if scheme == "oci" and title != "system.Model":
        raise TaskError(f"the {title} artifact type does not support OCI registries.")
    if scheme not in (*STAGING, "oci"):
        raise TaskError(
            f"no provider scheme found in artifact URI: {uri!r}; expected "
            f"{', '.join(f'{each}://' for each in (*STAGING, 'oci'))}."
        )
    kept = _kept(uri, importer.metadata)
    if scheme != "oci":
        session = {"Provider": scheme, "Params": {"fromEnv": "true"}}
        kept.metadata.fields["store_session_info"].string_value = values.compact(session)
    return kept


def told(artifact: Any, path: pathlib.Path | None, keys: tuple[str, ...]) -> Artifact:
    """The artifact as a run tells of it."""
    return Artifact(
        uri=artifact.uri, metadata=values.python(artifact.metadata), path=path, keys=keys
    )


def _kept(uri: str, metadata: Any) -> Any:
    """The artifact's name is its number in ML Metadata."""
    return pb.RuntimeArtifact(name=str(next(_IDS)), uri=uri, metadata=values.remembered(metadata))


def _title(schema: Any, what: str) -> str:
    """The name of an artifact's type. The launcher ends itself where a schema has no title."""
    if schema.WhichOneof("kind") == "schema_title":
        return str(schema.schema_title)
    if schema.WhichOneof("kind") != "instance_schema":
        raise TaskError(f"failed to determine schema for {what}: {schema.WhichOneof('kind')}.")
    title = (yaml.safe_load(schema.instance_schema) or {}).get("title")
    if not title:
        raise TaskError(f"No title specified in the schema of {what} (SchemaToArtifactType).")
    return str(title)
