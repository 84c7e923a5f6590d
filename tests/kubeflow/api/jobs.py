"""Jobs for the cluster of these tests, without TensorFlow."""

import pathlib
from typing import Any

from modules.training.job import Job
from tests.kubeflow.api.cluster import CLAIM, IMAGE, NAMESPACE, Cluster

_SPEC = {
    "label": {"column": "y", "task": "binary"},
    "features": {"x": {"kind": "numeric"}},
}
_TRAINING = {"strategy": "multi_worker", "workers": 2}


def bare(
    found: Cluster, folder: pathlib.Path, training: dict[str, Any] | None = None, **workers: Any
) -> Job:
    """A job whose files nobody reads, for pods that do something else; `workers` are settings."""
    (folder / "transform").mkdir(parents=True, exist_ok=True)
    (folder / "rows.gz").touch()
    return Job.model_validate(
        {
            "spec": _SPEC | {"training": _TRAINING | (training or {})},
            "folder": str(folder),
            "transform": str(folder / "transform"),
            "train": [str(folder / "*.gz")],
            "valid": [str(folder / "*.gz")],
            "model": str(folder / "model"),
            "run": str(folder / "run"),
            "cluster": settings(found) | workers,
        }
    )


def settings(found: Cluster) -> dict[str, Any]:
    """What pods of a cluster need, as the table of the spec says it."""
    return {
        "image": IMAGE,
        "volume": {"claim": CLAIM, "path": str(found.shared)},
        "namespace": NAMESPACE,
        "cpu": "1",
    }
