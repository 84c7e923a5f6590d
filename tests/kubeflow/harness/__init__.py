"""Kubeflow Pipelines' driver and launcher, played on this machine: no cluster, no container engine.

`run` takes a compiled pipeline and a `Cluster` (an object store, volumes, secrets, an image), and
runs each task as a pod of its own. What it restates of kubeflow/pipelines names the source file
there; the releases are 2.16 and 2.17, which still keep their records in ML Metadata.
"""

from tests.kubeflow.harness.cluster import Cluster, Image, Refused, Trap, checkout
from tests.kubeflow.harness.pod import unavailable
from tests.kubeflow.harness.result import Artifact, Attempt, Run, State, Task
from tests.kubeflow.harness.walk import run

__all__ = [
    "Artifact",
    "Attempt",
    "Cluster",
    "Image",
    "Refused",
    "Run",
    "State",
    "Task",
    "Trap",
    "checkout",
    "run",
    "unavailable",
]
