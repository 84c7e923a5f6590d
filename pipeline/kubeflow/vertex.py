"""A spec compiled for Vertex AI Pipelines, by TFX's own compiler."""

import json
import pathlib

from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)
from tfx.types import BaseChannel, Channel, standard_artifacts

from components.example_gen.component import TableExampleGen
from modules.errors import SpecError
from modules.spec.learning import Interface
from pipeline.beam import Beam, beam_args
from pipeline.graph import Places
from pipeline.kubeflow.build import graph, settings_of
from pipeline.spec import Spec


def vertex_job(spec: Spec, folder: pathlib.Path) -> str:
    """The job of Vertex AI Pipelines, as JSON.

    Vertex AI mounts buckets below /gcs, so `volume.path` names one. The claim, secrets,
    tolerations and the like are of Kubernetes, and left out.

    Raises:
        SpecError: without a `[kubeflow]` table, or with places that are not in Google's store.
        DataError: if the format of the data cannot be told.
    """
    settings = settings_of(spec)
    problems = []
    if not (settings.root or "").startswith("gs://"):
        problems.append(f"kubeflow.root: got {settings.root!r}, expected a gs:// URI for Vertex AI")
    if not settings.volume.path.startswith("/gcs/"):
        problems.append(
            f"kubeflow.volume.path: got {settings.volume.path!r}, expected /gcs/BUCKET, where "
            f"Vertex AI mounts buckets"
        )
    if problems:
        raise SpecError(problems)
    pipeline = graph(spec, settings, folder, _latest_blessed)
    for node in pipeline.components:
        if isinstance(
            node, TableExampleGen
        ):  # reads the bucket as a folder, which is the pod's own
            node.with_beam_pipeline_args(beam_args(Beam()))
    config = KubeflowV2DagRunnerConfig(default_image=settings.image)
    job = KubeflowV2DagRunner(config).run(pipeline, write_out=False)
    return json.dumps(job, indent=1, sort_keys=True) + "\n"


def _latest_blessed(
    name: str, interface: Interface, places: Places, candidate: BaseChannel | None
) -> BaseNode:
    """The latest blessed model; Vertex AI knows no other strategies than TFX's own."""
    del interface, places, candidate
    return Resolver(
        strategy_class=LatestBlessedModelStrategy,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
    ).with_id(name)
