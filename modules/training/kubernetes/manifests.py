"""What the cluster is asked for: a headless Service, and an Indexed Job whose pods it names.

Facts are those of https://kubernetes.io/docs/concepts/workloads/controllers/job: pod `i` of an
Indexed Job has the host name `<job>-<i>`, which the Service of the pods' `subdomain` makes known.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from modules.spec.workers import Workers
from modules.training.kubernetes import peers
from modules.training.kubernetes.contract import (
    CONTAINER,
    REFUSED,
    TERMINATION_FILE,
    TERMINATION_VARIABLE,
)

Body = dict[str, Any]

LABEL = "headrace-training"  # on all objects of a training, its value the training's name
FINGERPRINT = "headrace-fingerprint"  # of what the Job is made for
STEP = "node"  # of a TrainJob: what its controller calls the pods that train
_HOME = "/home/headrace"
_GRACE_SECONDS = 10  # a worker ends at once (modules/training/kubernetes/worker.py)


@dataclasses.dataclass(frozen=True)
class Group:
    """Pods that train together."""

    name: str  # of Job and Service, at most 57 characters: `<name>-<index>` is a DNS label
    namespace: str
    workers: Workers
    count: int
    max_restarts: int
    job_file: str  # on the shared volume: what they train
    user: int

    @property
    def job_name(self) -> str:
        """What the Job is called; a TrainJob's has a name of its own."""
        return self.name if self.workers.backend == "job" else f"{self.name}-{STEP}-0"

    @property
    def labels(self) -> dict[str, str]:
        """What all objects of this training, and only they, are labelled with."""
        return {"app.kubernetes.io/managed-by": "headrace", LABEL: self.name}


def service(group: Group, fingerprint: str) -> Body:
    """The Service that makes the pods' host names known, also before they are ready."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(group, fingerprint),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {LABEL: group.name},
            "ports": [{"name": "tcp-training", "port": group.workers.port}],
        },
    }


def job(group: Group, fingerprint: str) -> Body:
    """The Job whose pods are the workers."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(group, fingerprint),
        "spec": {
            **job_spec(group, host=f"{group.name}-{peers.INDEX}.{group.name}"),
            "ttlSecondsAfterFinished": group.workers.ttl_seconds,
        },
    }


def metadata(group: Group, fingerprint: str) -> Body:
    """What an object is called, and what it is made for."""
    return {
        "name": group.name,
        "labels": group.labels,
        "annotations": {FINGERPRINT: fingerprint},
    }


def job_spec(group: Group, host: str) -> Body:
    """What a Job of workers is; also within a TrainJob.

    Args:
        group: the pods.
        host: the name of a pod within the namespace, `peers.INDEX` being its number.
    """
    return {
        "completionMode": "Indexed",
        "completions": group.count,
        "parallelism": group.count,
        # One crash fails all: the others lose their peer.
        "backoffLimit": group.max_restarts * group.count,
        "activeDeadlineSeconds": group.workers.active_seconds,
        "podFailurePolicy": {"rules": _rules()},
        "template": pod_template(group, host),
    }


def _rules() -> list[Body]:
    """What becomes of a pod that failed; the first rule that fits is taken."""
    return [
        {
            "action": "FailJob",
            "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": [REFUSED]},
        },
        # A node that is drained or preempted is nobody's fault.
        {
            "action": "Ignore",
            "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
        },
    ]


def pod_template(group: Group, host: str) -> Body:
    """A worker's pod."""
    workers = group.workers
    spec: Body = {
        "restartPolicy": "Never",
        "subdomain": host.partition(".")[2],
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": group.user,
            "fsGroup": group.user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(group, f"{host}.{group.namespace}.svc:{workers.port}")],
        "volumes": [
            {"name": "shared", "persistentVolumeClaim": {"claimName": workers.volume.claim}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "home", "emptyDir": {}},
            # Docker's default of 64 MiB is too little for NCCL.
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        ],
    }
    if workers.service_account:
        spec["serviceAccountName"] = workers.service_account
    if workers.node_selector:
        spec["nodeSelector"] = workers.node_selector
    if workers.tolerations:
        spec["tolerations"] = [one.model_dump(exclude_none=True) for one in workers.tolerations]
    if workers.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in workers.image_pull_secrets]
    # A sidecar would keep the pod from ending, and encrypts what gRPC and NCCL do not speak.
    annotations = {"sidecar.istio.io/inject": "false"}
    labels = group.labels | annotations  # Istio reads either, by version
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}


def _container(group: Group, template: str) -> Body:
    workers = group.workers
    resources = {"cpu": workers.cpu, "memory": workers.memory}
    if workers.gpus:
        resources[workers.gpu_resource] = str(workers.gpus)
    return {
        "name": CONTAINER,
        "image": workers.image,
        "command": ["python", "-m", "modules.training.kubernetes.worker", group.job_file],
        "env": _environment(group, template),
        "ports": [{"name": "tcp-training", "containerPort": workers.port, "protocol": "TCP"}],
        "resources": {"requests": resources, "limits": resources},
        "terminationMessagePath": TERMINATION_FILE,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            _mount(workers),
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
            {"name": "home", "mountPath": _HOME},
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108
        ],
    }


def _mount(workers: Workers) -> Body:
    volume = workers.volume
    mount = {"name": "shared", "mountPath": volume.path}
    return mount | ({"subPath": volume.sub_path} if volume.sub_path else {})


def _environment(group: Group, template: str) -> list[Body]:
    workers = group.workers
    values: Mapping[str, str] = {
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",  # else a `modules` in the image's working folder is ours
        "TF_CPP_MIN_LOG_LEVEL": "1",
        # TensorFlow counts the node's processors, not those that the pod may use.
        "TF_NUM_INTRAOP_THREADS": str(_whole(workers.cpu)),
        **workers.env,
        "HOME": _HOME,
        "TMPDIR": "/tmp",  # noqa: S108
        TERMINATION_VARIABLE: TERMINATION_FILE,
        peers.COUNT: str(group.count),
        peers.TEMPLATE: template,
    }
    secrets = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": at.secret, "key": at.key}}}
        for name, at in workers.env_from_secrets.items()
    ]
    return [{"name": name, "value": value} for name, value in values.items()] + secrets


def _whole(cpu: str) -> int:
    """Whole processors of a quantity, at least one."""
    return max(1, int(float(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)))
