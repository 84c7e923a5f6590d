"""Trains on several pods of the cluster that this pod runs in."""

import contextlib
import dataclasses
import hashlib
import os
import pathlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from modules.errors import SpecError
from modules.training.job import Job
from modules.training.kubernetes import api
from modules.training.kubernetes.api import CLAIMS, PODS, Api, ClusterError
from modules.training.kubernetes.follower import Follower
from modules.training.kubernetes.manifests import LABEL, Group
from modules.training.kubernetes.objects import Objects
from modules.training.kubernetes.staging import Stage

_PREFIX = "headrace-"
_USER = 1000  # of workers, where this process is root
_POLL_SECONDS = 0.5
_REMOVAL_PATIENCE = 20.0  # seconds: a pod that was told to end is killed after 30
_GONE_SECONDS = 60.0  # until the pods of a Job that was removed have ended


class Terminated(SystemExit):
    """This process was told to end, as Kubernetes tells it: by SIGTERM."""


@dataclasses.dataclass(frozen=True)
class Launch:
    """A training, the pods that do it, and where its files lie meanwhile."""

    job: Job
    group: Group
    fingerprint: str  # of all that the pods are told
    stage: Stage

    @classmethod
    def of(cls, job: Job) -> "Launch":
        """The launch of a job, the same whenever its step is run again.

        Raises:
            ValueError: if the job has no cluster.
            SpecError: if its strategy is not that of equal workers.
            ClusterError: if the namespace is neither given nor that of a pod.
        """
        workers = job.cluster
        if workers is None:
            raise ValueError("job.cluster is None, expected the workers of a cluster")
        if job.spec.training.strategy != "multi_worker":
            raise SpecError(
                [
                    f"training.strategy: got {job.spec.training.strategy!r}, expected "
                    f"'multi_worker': the pods that train together are equal workers"
                ]
            )
        # A step that is run again has the same outputs; another step has others.
        outputs = hashlib.sha256(f"{job.model}\n{job.run}".encode()).hexdigest()
        stage = Stage(pathlib.Path(workers.volume.path) / f"{_PREFIX}{outputs[:12]}")
        group = Group(
            name=stage.folder.name,
            namespace=workers.namespace or api.own_namespace(),
            workers=workers,
            count=job.spec.training.workers,
            max_restarts=job.spec.training.max_restarts,
            job_file=str(stage.job_file),
            user=workers.user or os.getuid() or _USER,
        )
        told = job.model_dump_json(exclude={"attempt", "restarts"})
        return cls(job, group, hashlib.sha256(told.encode()).hexdigest(), stage)


def launch(job: Job) -> None:
    """Trains with as many pods as the spec says, and returns when the model is written.

    A launch that takes the place of one that died goes on with its pods. Pods, Service and staged
    files are gone when it returns or raises; after a SIGTERM the checkpoints stay, for the next.

    Raises:
        InputProblem: as the workers raise it; it is not tried again.
        WorkerLost: after `max_restarts`, with the last lines of the worker that died.
        ClusterError: if the cluster refuses, the workers do not start, or take too long.
        Terminated: if this process is told to end.
    """
    from modules.progress import LOGGER

    launched = Launch.of(job)
    group = launched.group
    cluster = api.connect(group.namespace)
    objects = Objects(cluster, group, launched.fingerprint)
    with _sigterm_raised(), _removed_at_the_end(launched, objects, cluster, LOGGER.info):
        if objects.adopt(launched.stage.job_file.exists()):
            LOGGER.info(f"goes on with the workers of {group.name}, which an earlier launch began")
        else:
            _check_claim(group, cluster)
            left_out = launched.stage.fill(job, launched.fingerprint, group.user)
            if left_out:
                LOGGER.info(f"too large for the workers' copy of the spec's folder: {left_out}")
            objects.create()
        Follower(cluster, group, launched.stage, LOGGER.info).follow()
        launched.stage.deliver(job)


def _check_claim(group: Group, cluster: Api) -> None:
    claim = group.workers.volume.claim
    try:
        found = cluster.get(CLAIMS, claim)
    except ClusterError:
        return  # this pod may not look; if the claim is missing, the workers' pods will say so
    if found is None:
        raise SpecError(
            [
                f"kubeflow.volume.claim: no PersistentVolumeClaim {claim!r} in namespace "
                f"{group.namespace!r}. Create it, with the access mode ReadWriteMany"
            ]
        )


@contextlib.contextmanager
def _removed_at_the_end(
    launched: Launch, objects: Objects, cluster: Api, tell: Callable[[str], None]
) -> Iterator[None]:
    """Leaves nothing behind, whatever ends the block; after a SIGTERM, the checkpoints."""
    try:
        yield
    except Terminated:
        _remove(launched, objects, cluster, tell, told_to_end=True)
        raise
    except BaseException:
        _remove(launched, objects, cluster, tell, told_to_end=False)
        raise
    _remove(launched, objects, cluster, tell, told_to_end=False)


def _remove(
    launched: Launch,
    objects: Objects,
    cluster: Api,
    tell: Callable[[str], None],
    told_to_end: bool,
) -> None:
    _handle_sigterm(signal.SIG_IGN)  # what is left to do here is to end
    if not objects.ours:
        return
    cluster.patience = _REMOVAL_PATIENCE
    try:
        objects.remove()
        if not told_to_end:
            _wait_for_the_end_of_pods(launched.group, cluster)
    except ClusterError as error:
        # Workers may still write to the staged folder.
        tell(f"{launched.group.name} could not be removed, and is left with its files: {error}")
        return
    launched.stage.remove(with_run=not told_to_end)


def _wait_for_the_end_of_pods(group: Group, cluster: Api) -> None:
    limit = time.monotonic() + _GONE_SECONDS
    while cluster.list(PODS, labelSelector=f"{LABEL}={group.name}"):
        if time.monotonic() > limit:
            raise ClusterError(f"its pods have not ended after {_GONE_SECONDS:.0f} seconds")
        time.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def _sigterm_raised() -> Iterator[None]:
    """Within the block a SIGTERM raises Terminated, so that all is put in order."""

    def terminate(*_: object) -> NoReturn:
        raise Terminated(128 + signal.SIGTERM)

    before = _handle_sigterm(terminate)
    try:
        yield
    finally:
        if before is not None:
            _handle_sigterm(before)


def _handle_sigterm(handler: Any) -> Any:
    """The handler before; Python lets the main thread alone set one."""
    if threading.current_thread() is not threading.main_thread():
        return None
    return signal.signal(signal.SIGTERM, handler)
