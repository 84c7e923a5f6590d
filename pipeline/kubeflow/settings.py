"""The `[kubeflow]` table: all that a cluster adds to a spec."""

import pathlib
import re
from typing import Annotated, Self

import pydantic

from modules.spec.part import Part, Positive
from modules.spec.workers import (
    Cpu,
    Name,
    Quantity,
    SecretKey,
    Toleration,
    Variable,
    Volume,
    WorkerPods,
    Workers,
)

Minutes = Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]

_SCHEMES = ("minio://", "s3://", "gs://")


class Secret(Part):
    """Environment variables whose values lie in a Secret of the cluster, by its keys."""

    name: Name
    env: dict[Variable, str] = pydantic.Field(min_length=1)  # variable -> key in the Secret


class Stage(Part):
    """What the pod of one stage is given."""

    cpu: Cpu | None = None  # asked for, and not exceeded
    memory: Quantity | None = None
    gpus: int = pydantic.Field(0, ge=0)
    gpu_resource: str = "nvidia.com/gpu"
    node_selector: dict[str, str] = pydantic.Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    retries: int | None = pydantic.Field(None, ge=0)  # None: those of [kubeflow]
    timeout_minutes: Minutes | None = None


class Kubeflow(Part):
    """The `[kubeflow]` table. What a pod sees of the spec's folder is below `volume`."""

    image: str = pydantic.Field(min_length=1)
    volume: Volume
    folder: str | None = None  # of the spec's own files, below the mount; None: the pipeline's name
    serving: str | None = None  # of versions, below it or a store's URI; None: `serving/<name>`
    root: str | None = None  # of artifacts, a minio, s3 or gs URI; None: that of the cluster

    retries: int = pydantic.Field(0, ge=0)  # of a stage that fails
    timeout_minutes: Positive | None = None  # of a stage
    service_account: Name | None = None  # None: that of Kubeflow Pipelines
    image_pull_secrets: tuple[Name, ...] = ()
    env: dict[Variable, str] = pydantic.Field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    node_selector: dict[str, str] = pydantic.Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    workers: WorkerPods = WorkerPods()  # of a training with several, each a pod
    stages: dict[str, Stage] = pydantic.Field(
        default_factory=dict
    )  # by the name that `headrace run` prints

    @pydantic.field_validator("root")
    @classmethod
    def _root_is_in_a_store(cls, root: str | None) -> str | None:
        if root is not None and not re.fullmatch(rf"({'|'.join(_SCHEMES)})[^/\s]+(/\S*)?", root):
            raise ValueError(f"expected a bucket, starting with {', '.join(_SCHEMES)}")
        return root.rstrip("/") if root else root

    @pydantic.field_validator("folder", "serving")
    @classmethod
    def _stays_below_the_mount(cls, path: str | None) -> str | None:
        if path is None or path.startswith(_SCHEMES):
            return path
        if path.startswith("/") or ".." in path.split("/") or "://" in path:
            raise ValueError("expected a path below the volume's, without '..'")
        return path

    @pydantic.model_validator(mode="after")
    def _image_has_a_version(self) -> Self:
        last = self.image.rpartition("/")[2]
        if last.endswith(":latest") or not (":" in last or "@sha256" in self.image):
            raise ValueError(
                f"image {self.image!r} names no version: a run would not say what it ran. "
                f"Give a tag other than latest, or a digest"
            )
        return self

    def stage(self, name: str) -> Stage:
        """What the pod of a stage is given: its own settings over those of all."""
        own = self.stages.get(name, Stage())
        return own.model_copy(
            update={
                "node_selector": {**self.node_selector, **own.node_selector},
                "tolerations": (*self.tolerations, *own.tolerations),
                "retries": self.retries if own.retries is None else own.retries,
                "timeout_minutes": own.timeout_minutes or self.timeout_minutes,
            }
        )

    def spec_folder(self, name: str) -> pathlib.PurePosixPath:
        """Where the pods of a pipeline find what lies beside its spec."""
        return pathlib.PurePosixPath(self.volume.path) / (self.folder or name)

    def serving_place(self, name: str) -> str:
        """Where the Pusher puts versions: a folder, or a place in an object store."""
        given = self.serving or f"serving/{name}"
        return given if given.startswith(_SCHEMES) else f"{self.volume.path}/{given}"

    def workers_of(self) -> Workers:
        """All that the Trainer is told of the pods that train."""
        secrets = {
            variable: SecretKey(secret=secret.name, key=key)
            for secret in self.secrets
            for variable, key in secret.env.items()
        }
        own = dict(self.workers)
        own["node_selector"] = {**self.node_selector, **self.workers.node_selector}
        own["tolerations"] = (*self.tolerations, *self.workers.tolerations)
        return Workers(
            **own,
            image=self.image,
            volume=self.volume,
            image_pull_secrets=self.image_pull_secrets,
            env=self.env,
            env_from_secrets=secrets,
        )
