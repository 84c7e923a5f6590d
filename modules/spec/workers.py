"""What a training on several pods of a Kubernetes cluster needs to know of that cluster."""

from typing import Annotated, Literal

import pydantic

from modules.spec.part import Part, matching

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names: subdomain names
Name = Annotated[
    str,
    matching(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", "lower case letters, digits, '-' and '.'"),
]
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity, above 0
_ABOVE_0 = r"(\d*[1-9]\d*(\.\d+)?|\d+\.\d*[1-9]\d*)"
Quantity = Annotated[
    str, matching(rf"{_ABOVE_0}(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?", "an amount such as '4Gi' or '500Mi'")
]
Cpu = Annotated[str, matching(rf"{_ABOVE_0}m?", "processors, such as '4', '0.5' or '1500m'")]
Variable = Annotated[str, matching("[A-Za-z_][A-Za-z0-9_]*", "the name of a variable")]
AbsolutePath = Annotated[
    str,
    matching(
        r"/[^:*?\[\]\s]*[^:*?\[\]\s/]",
        "an absolute path below /, without spaces or any of : * ? [ ]",
    ),
]
Seconds = Annotated[int, pydantic.Field(ge=1, le=30 * 86_400)]

# What the launch says to the workers, and what Kubernetes does.
_OURS = (
    "HOME",
    "JOB_COMPLETION_INDEX",
    "NUM_WORKERS",
    "TERMINATION_MESSAGE_PATH",
    "TF_CONFIG",
    "TMPDIR",
    "WORKER_HOST_TEMPLATE",
)


class Volume(Part):
    """The volume that every pod mounts at one path.

    Pods on several nodes write to it: its access mode must be ReadWriteMany. It holds the data and
    the pushed versions, and a training's inputs, checkpoints and model meanwhile.
    """

    claim: Name  # of the PersistentVolumeClaim
    path: AbsolutePath = "/headrace"  # where it is mounted, in every pod
    sub_path: str | None = pydantic.Field(None, pattern=r"^[^/].*$")  # its folder that is mounted


class Toleration(Part):
    """What a node may be tainted with; an empty key tolerates everything."""

    key: str | None = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None

    @pydantic.model_validator(mode="after")
    def _the_server_takes_it(self) -> "Toleration":
        if self.operator == "Exists" and self.value is not None:
            raise ValueError(
                f"the operator 'Exists' takes no value, got {self.value!r}. Leave it out"
            )
        if self.key is None and self.operator == "Equal":
            raise ValueError("without a key the operator must be 'Exists': it tolerates all taints")
        return self


class SecretKey(Part):
    """A value that lies in a Secret of the namespace."""

    secret: Name
    key: str = pydantic.Field(pattern=r"^[-._a-zA-Z0-9]+$")


class WorkerPods(Part):
    """The `[kubeflow.workers]` table: pods that train together, as many as `training.workers`.

    The defaults suit a small network on processors. A worker gets exactly the processors and the
    memory given here (requests are limits), so that no neighbour slows all of them down.
    """

    backend: Literal["job", "trainjob"] = "job"  # trainjob: Kubeflow Trainer's, if it is installed
    cpu: Cpu = "2"  # a worker
    memory: Quantity = "4Gi"  # a worker
    gpus: int = pydantic.Field(0, ge=0)  # a worker
    gpu_resource: str = pydantic.Field("nvidia.com/gpu", pattern=r"^[a-z0-9.-]+/[A-Za-z0-9._-]+$")
    node_selector: dict[str, str] = pydantic.Field(default_factory=dict)  # labels of a node
    tolerations: tuple[Toleration, ...] = ()
    user: int | None = pydantic.Field(None, ge=1)  # number; None: the Trainer's own, or 1000

    port: int = pydantic.Field(2222, ge=1024, le=65_535)  # on which a worker hears its peers
    startup_seconds: Seconds = 900  # until all pods run; a node may have to be made first
    active_seconds: Seconds = 86_400  # until the training is given up
    ttl_seconds: int = pydantic.Field(3600, ge=60)  # an ended Job stays, if nobody removes it


class Workers(WorkerPods):
    """All that the Trainer needs to know to start them."""

    image: str = pydantic.Field(min_length=1)  # the pipeline's own
    volume: Volume
    namespace: Name | None = None  # None: that of the Trainer's pod
    service_account: Name | None = None  # None: the namespace's default; workers ask no API
    image_pull_secrets: tuple[Name, ...] = ()
    env: dict[Variable, str] = pydantic.Field(default_factory=dict)
    env_from_secrets: dict[Variable, SecretKey] = pydantic.Field(default_factory=dict)

    @pydantic.model_validator(mode="after")
    def _each_variable_has_one_value(self) -> "Workers":
        problems = [
            f"{name} is said to the workers by the Trainer; leave it out"
            for name in (*self.env, *self.env_from_secrets)
            if name in _OURS
        ]
        problems += [
            f"{name} is in env and in env_from_secrets; keep one of the two"
            for name in self.env
            if name in self.env_from_secrets
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self
