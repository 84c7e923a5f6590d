"""What a cluster has to offer to a run: an object store, volumes, secrets, and one image."""

import dataclasses
import pathlib
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.kubeflow.harness.result import Task

# Of a checkout, what a built image would not have: data and other runs above all.
_NOT_IN_THE_IMAGE = ("data", "runs", "tests", ".git")


class Refused(ValueError):
    """The server takes no such pipeline or parameters; nothing was started."""


class Trap(AssertionError):
    """Kubeflow would go on in silence, or wait for ever; a run here ends with what is wrong."""


class TaskError(Exception):
    """What fails one task in the driver or the launcher, outside the container's own program."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Image:
    """The container image that every task gets, whatever image its spec names."""

    folders: tuple[pathlib.Path, ...] = ()  # seen at their own paths, read-only
    hidden: tuple[pathlib.Path, ...] = ()  # of these folders, what seems empty
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)  # its ENV lines


def checkout() -> Image:
    """This checkout with its environment as an image: `python` is the environment's."""
    repository = pathlib.Path(__file__).resolve().parents[3]
    environment = pathlib.Path(sys.prefix)
    path = ":".join((str(environment / "bin"), "/usr/local/bin", "/usr/bin", "/bin"))
    return Image(
        folders=(repository, environment, pathlib.Path(sys.base_prefix)),
        hidden=tuple(repository / name for name in _NOT_IN_THE_IMAGE),
        environment={"PATH": path, "LANG": "C.UTF-8", "HOME": "/home/pipeline"},
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where a pipeline runs.

    A user without a name and group 0 is what a container runtime gives to a numeric USER.
    """

    bucket: pathlib.Path  # a folder that plays the bucket of `root`
    root: str = "minio://mlpipeline/v2/artifacts"  # of all runs; minio://, s3:// or gs://
    claims: Mapping[str, pathlib.Path] = dataclasses.field(default_factory=dict)  # PVC -> folder
    secrets: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)  # added to every pod
    image: Image = dataclasses.field(default_factory=checkout)
    user: int = 1000
    group: int = 0
    networked: frozenset[str] = frozenset()  # tasks that reach this machine's servers; others none
    told: Callable[["Task"], None] = lambda task: None  # called when a task has ended
    limit: float = 900  # seconds after which a pod is ended whatever its spec says
