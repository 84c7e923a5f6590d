"""The flights on a played cluster: Kubeflow Pipelines and the Kubernetes API on this machine."""

import contextlib
import pathlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline import spec as spec_of
from pipeline.kubeflow.command import compiled
from tests.kubeflow import harness
from tests.kubeflow.api import cluster as kubernetes

DATA = pathlib.Path(__file__).parents[2] / "data" / "flights"
TWO_WORKERS = ("training.strategy=multi_worker", "training.workers=2")

Play = Callable[[Mapping[str, Any]], harness.Run]


@contextlib.contextmanager
def cluster(
    folder: pathlib.Path, *overrides: str, told: Callable[[harness.Task], None] = lambda task: None
) -> Iterator[Play]:
    """Runs the compiled flights as often as it is called, with parameters of the run.

    Args:
        folder: an empty one, which everything lies in: `pipeline.yaml`, `bucket` with the
            artifacts, `shared`, the volume, with the data and the pushed versions.
        overrides: of the spec.
        told: called when a task has ended.

    Raises:
        InputProblem: if the spec cannot be compiled.
    """
    with kubernetes.cluster(folder) as api:
        (api.shared / "flights").mkdir()
        for name in ("flights.csv", "schema.pbtxt"):
            shutil.copy(DATA / name, api.shared / "flights")
        login = shutil.copy(folder / "kubeconfig", api.shared)  # where the Trainer's pod sees it
        (folder / "bucket").mkdir()
        table = (
            f'kubeflow={{image="{kubernetes.IMAGE}", root="minio://mlpipeline/headrace", '
            f'volume={{claim="{kubernetes.CLAIM}", path="{api.shared}"}}}}'
        )
        spec = spec_of.load(DATA / "spec.toml", [table, *overrides])
        pipeline = folder / "pipeline.yaml"
        pipeline.write_text(compiled(spec, DATA), encoding="utf-8")
        offer = harness.Cluster(
            bucket=folder / "bucket",
            claims={kubernetes.CLAIM: api.shared},
            environment={**api.add_launcher("trainer"), "KUBECONFIG": str(login)},
            networked=frozenset({"trainer"}),  # it calls the API
            told=told,
        )
        yield lambda parameters: harness.run(pipeline, parameters, offer)
