"""A spec compiled for Kubeflow: both documents, as YAML."""

import dataclasses
import pathlib
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.pipeline import Pipeline
from tfx.types import BaseChannel

from components.baseline.component import LatestPushed
from components.example_gen import files
from components.example_gen.config import Format
from modules.errors import DataError, SpecError, did_you_mean
from modules.spec.learning import Interface
from pipeline.graph import Latest, Places, build_pipeline
from pipeline.kubeflow.compiling import compile_pipeline
from pipeline.kubeflow.parameters import PARAMETERS
from pipeline.kubeflow.platform import platform_spec
from pipeline.kubeflow.reporting import REPORT, add_report
from pipeline.kubeflow.settings import Kubeflow
from pipeline.spec import Spec


@dataclasses.dataclass(frozen=True)
class Compiled:
    """What Kubeflow Pipelines is given."""

    pipeline: pb.PipelineSpec
    platform: pb.PlatformSpec

    def documents(self) -> list[dict[str, Any]]:
        """Both as plain values."""
        return [json_format.MessageToDict(part) for part in (self.pipeline, self.platform)]

    def yaml(self) -> str:
        """Both as one file, the same for the same spec."""
        text: str = yaml.safe_dump_all(self.documents(), sort_keys=True, allow_unicode=True)
        return text


def build(spec: Spec, folder: pathlib.Path) -> Compiled:
    """A spec as Kubeflow Pipelines takes it.

    Args:
        spec: with a `[kubeflow]` table.
        folder: of the spec here; only the names of the data files are looked at.

    Raises:
        SpecError: if it has no such table, the table names a stage that is not there, or Beam is
            to run where the pods' files cannot be seen.
        DataError: if the format of the data can be told neither by name nor by files here.
    """
    settings = settings_of(spec)
    if spec.beam.runner == "dataflow":
        raise SpecError(
            [
                "beam.runner: the workers of 'dataflow' see neither the volume nor a pod's files. "
                "Take 'flink' or 'spark', or compile with --target vertex"
            ]
        )
    pods = graph(spec, settings, folder)
    stages = [*(node.id for node in pods.components), REPORT]
    unknown = [name for name in settings.stages if name not in stages]
    if unknown:
        raise SpecError(
            f"kubeflow.stages.{name}: no such stage, expected one of {', '.join(stages)}"
            f"{did_you_mean(name, stages)}"
            for name in unknown
        )
    pipeline = compile_pipeline(pods, settings, spec.beam, PARAMETERS)
    add_report(pipeline, spec, settings)
    return Compiled(pipeline, platform_spec(stages, settings))


def graph(
    spec: Spec, settings: Kubeflow, folder: pathlib.Path, latest: Latest | None = None
) -> Pipeline:
    """The DAG, its places as the pods see them.

    Raises:
        DataError: if the format of the data can be told neither by name nor by files here.
    """
    there = settings.spec_folder(spec.name)
    places = Places(
        spec=there,
        data=files.elsewhere(spec.data.source, _format(spec, folder), there),
        artifacts=settings.root or "",  # not used: Kubeflow says where they go
        serving=settings.serving_place(spec.name),
    )
    together = spec.training.strategy == "multi_worker"
    workers = settings.workers_of() if together and latest is None else None
    return build_pipeline(spec, places, latest or _latest_pushed, workers)


def settings_of(spec: Spec) -> Kubeflow:
    """The `[kubeflow]` table.

    Raises:
        SpecError: if there is none.
    """
    if spec.kubeflow is None:
        raise SpecError(
            ["kubeflow: the spec has no such table. Add [kubeflow] with an image and a volume"]
        )
    return spec.kubeflow


def _latest_pushed(
    name: str, interface: Interface, places: Places, candidate: BaseChannel | None
) -> BaseNode:
    del candidate  # is not pushed yet
    return LatestPushed(destination=places.serving, interface=interface.model_dump_json()).with_id(
        name
    )


def _format(spec: Spec, folder: pathlib.Path) -> Format:
    told = spec.data.format or files.format_by_name(spec.data.source)
    if told:
        return told
    try:
        return files.format_of(files.find(spec.data.source, folder), None)
    except DataError:
        raise DataError(
            [
                f"data.format: {spec.data.source!r} does not tell it, and there are no files here "
                f"that do. Give it: 'csv' or 'parquet'"
            ]
        ) from None
