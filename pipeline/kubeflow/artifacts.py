"""Artifacts as KFP's launcher hands them to a pod and takes them back.

What it changes on the way, and is undone here (kubeflow/pipelines, backend/src/v2): input
artifacts have lost their type; of their metadata, lists and structs come wrapped in a struct, and
a null makes the upload fail (metadata/converter.go); URIs are those of the store.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as pb
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as upstream
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from components.baseline.component import ABSENT
from modules.errors import SpecError
from pipeline.kubeflow import uris
from pipeline.kubeflow.packing import unpacked

Artifacts = dict[str, list[Artifact]]


class Names:
    """Kubeflow's names of artifacts; TFX knows them by whole numbers."""

    def __init__(self) -> None:
        self._by_id: dict[int, str] = {}

    def read(self, given: Mapping[str, pb.ArtifactList], classes: Mapping[str, str]) -> Artifacts:
        """The artifacts as TFX's executors take them, without those that are marked absent.

        Args:
            given: as in the ExecutorInput; changed in place.
            classes: the import path of the class of each. Others are Kubeflow's own, such as
                the pod's log.
        """
        known = {key: given[key] for key in classes if key in given}
        for key, artifacts in known.items():
            for artifact in artifacts.artifacts:
                artifact.type.Clear()
                artifact.type.schema_title = classes[key]
                artifact.uri = uris.local(artifact.uri)
                _unwrap(artifact.metadata)
        read: Artifacts = upstream.parse_raw_artifact_dict(known, self._by_id)
        return {
            key: artifacts
            for key, artifacts in read.items()
            if not any(artifact.has_custom_property(ABSENT) for artifact in artifacts)
        }

    def written(self, outputs: Artifacts) -> pb.ExecutorOutput:
        """What KFP's launcher is told of the outputs.

        Raises:
            SpecError: if an output was moved: what lies elsewhere is not uploaded.
        """
        told = pb.ExecutorOutput()
        for key, artifacts in outputs.items():
            made = artifact_utils.get_single_instance(artifacts)
            self._by_id.setdefault(made.id, "")  # a new one has no name yet; else TFX warns of it
            artifact = upstream.to_runtime_artifact(made, self._by_id)
            artifact.uri = uris.remote(artifact.uri)
            _without_nulls(artifact.metadata)
            told.artifacts[key].artifacts.append(artifact)
        return told


def properties(values: Mapping[str, struct_pb2.Value], integers: Iterable[str]) -> dict[str, Any]:
    """Execution properties; every number comes as a float."""
    read = {key: json_format.MessageToDict(value) for key, value in values.items()}
    read |= {key: unpacked(value) for key, value in read.items() if isinstance(value, str)}
    for key in integers:
        if key in read:
            read[key] = int(read[key])
    return read


def _unwrap(metadata: struct_pb2.Struct) -> None:
    plain = {key: _unwrapped(value) for key, value in json_format.MessageToDict(metadata).items()}
    metadata.Clear()
    metadata.update(plain)


def _unwrapped(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        ((kind, content),) = value.items()
        if (kind, type(content)) in (("list", list), ("struct", dict)):
            return content
    return value


def _without_nulls(metadata: struct_pb2.Struct) -> None:
    """Leaves out what KFP cannot keep, and names places as they are called outside the pod."""
    for key, value in list(metadata.fields.items()):
        if value.WhichOneof("kind") in (None, "null_value"):
            del metadata.fields[key]
        elif value.WhichOneof("kind") == "string_value":
            value.string_value = uris.remote(value.string_value)


def check_moved(before: Mapping[str, str], outputs: Artifacts) -> None:
    """Nothing, if each output lies where KFP's launcher looks for it.

    Args:
        before: the folder that each output was given.

    Raises:
        SpecError: naming those that were moved.
    """
    moved = [
        f"{key}: the executor moved it from {before[key]} to {artifacts[0].uri}; write it where "
        f"`artifact.uri` says, or Kubeflow loses it"
        for key, artifacts in outputs.items()
        if artifacts[0].uri != before[key]
    ]
    if moved:
        raise SpecError(moved)
