"""The same workers as a TrainJob of Kubeflow Trainer 2, where a cluster's users must queue by it.

A TrainJob takes its pods from a runtime. There is none for TensorFlow, and a ready-made one says
nothing of retries; so each training has one of its own, without a policy for any framework.
"""

from typing import Any

from modules.training.kubernetes import peers
from modules.training.kubernetes.manifests import STEP, Group, job_spec, metadata

Body = dict[str, Any]

_API = "trainer.kubeflow.org"


def runtime(group: Group, fingerprint: str) -> Body:
    """The TrainingRuntime: its JobSet has one Job, and makes the pods' host names known."""
    host = f"{group.job_name}-{peers.INDEX}.{group.name}"
    step = {
        "name": STEP,
        "template": {
            "metadata": {"labels": {f"{_API}/trainjob-ancestor-step": "trainer"}},
            "spec": job_spec(group, host),
        },
    }
    return {
        "apiVersion": f"{_API}/v1alpha1",
        "kind": "TrainingRuntime",
        "metadata": metadata(group, fingerprint),
        "spec": {
            "mlPolicy": {"numNodes": group.count},
            "template": {"spec": {"replicatedJobs": [step]}},
        },
    }


def train_job(group: Group, fingerprint: str) -> Body:
    """The TrainJob."""
    return {
        "apiVersion": f"{_API}/v1alpha1",
        "kind": "TrainJob",
        "metadata": metadata(group, fingerprint),
        "spec": {
            "runtimeRef": {"apiGroup": _API, "kind": "TrainingRuntime", "name": group.name},
            "trainer": {"numNodes": group.count},
        },
    }
