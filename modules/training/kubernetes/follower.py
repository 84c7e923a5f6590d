"""Follows the pods of a training to their end, and says why it is not the one that was wanted."""

import time
from collections.abc import Callable, Sequence

from modules.errors import SpecError
from modules.training.kubernetes import pods as of
from modules.training.kubernetes.api import EVENTS, JOBS, PODS, Api, Body, ClusterError
from modules.training.kubernetes.contract import REFUSED
from modules.training.kubernetes.manifests import LABEL, Group
from modules.training.kubernetes.session import Session
from modules.training.kubernetes.staging import Stage
from modules.training.kubernetes.tail import Tail

_POLL_SECONDS = 1.0
_BACKOFF_SECONDS = 360  # the longest pause of a Job before it starts a failed pod again
_FAREWELL_SECONDS = 10.0  # for what ended pods still have to say
_VISIBLE_SECONDS = 90  # until all clients of a network file system see a new file


class Follower:
    """Watches one training."""

    def __init__(self, api: Api, group: Group, stage: Stage, tell: Callable[[str], None]) -> None:
        """`tell` takes what is said of the training's progress."""
        self._api, self._group, self._stage, self._tell = api, group, stage, tell
        self._session = Session(stage.session, 0, group.count)
        self._tails: dict[str, Tail] = {}  # by pod
        self._failed: dict[str, Body] = {}  # pods, in the order in which they were seen
        self._absent: dict[int, float] = {}  # since when a worker does not run
        # A TrainJob's controller makes the Job, some time later.
        self._had_job = group.workers.backend != "trainjob"

    def follow(self) -> None:
        """Returns when the model is written.

        Raises:
            InputProblem: as a worker raised it.
            WorkerLost: if they died more often than the spec allows.
            ClusterError: if they do not start, take too long, or somebody removed them.
        """
        while not self._session.is_done:
            job = self._api.get(JOBS, self._group.job_name)
            pods = self._api.list(PODS, labelSelector=f"{LABEL}={self._group.name}")
            self._hear(pods)
            self._had_job = self._had_job or job is not None or bool(self._tails)
            ended = _ended(job)
            if ended and ended["type"] == "Complete":
                self._wait_for_the_model()
            elif not self._session.is_done:  # after that a pod may fail, and nobody minds
                if ended:
                    self._fail(ended, pods)
                self._check_presence(job, pods)
                time.sleep(_POLL_SECONDS)
        self._hear_out()

    def _hear(self, pods: Sequence[Body]) -> None:
        """Listens to new pods, and notes those that failed."""
        for pod in pods:
            name = of.name(pod)
            if name not in self._tails and of.phase(pod) != "Pending":
                self._tails[name] = Tail(self._api, name, of.place(pod), self._tell)
            if of.phase(pod) == "Failed" and name not in self._failed:
                self._failed[name] = pod
                if not of.lost_a_peer(pod) and of.exit_code(pod) != REFUSED:
                    self._stage.add_restart(of.failure(pod))
                    self._tell(f"{of.failure(pod)}; all start again from the last checkpoint")

    def _hear_out(self) -> None:
        limit = time.monotonic() + _FAREWELL_SECONDS
        for tail in self._tails.values():
            tail.end(max(0.0, limit - time.monotonic()))

    def _wait_for_the_model(self) -> None:
        limit = time.monotonic() + _VISIBLE_SECONDS
        while not self._session.is_done:
            if time.monotonic() > limit:
                raise ClusterError(
                    f"kubeflow.volume: Job {self._group.job_name!r} is complete, but there "
                    f"is no model in {self._stage.folder}. The claim "
                    f"{self._group.workers.volume.claim!r} and the volume mounted in this pod must "
                    f"be the same"
                )
            time.sleep(_POLL_SECONDS)

    def _fail(self, ended: Body, pods: Sequence[Body]) -> None:
        """Raises what the failed Job is about."""
        self._hear_out()
        problem = self._stage.problem()
        if problem:
            raise problem
        refused = [pod for pod in pods if of.exit_code(pod) == REFUSED]
        if refused:  # it could not write to the volume
            raise SpecError([of.message(refused[0]) or of.failure(refused[0])])
        if ended.get("reason") == "DeadlineExceeded":
            raise ClusterError(
                f"kubeflow.workers.active_seconds: the training was given up after "
                f"{self._group.workers.active_seconds} seconds. Raise it, or train for less"
            )
        self._mourn(ended)

    def _mourn(self, ended: Body) -> None:
        from modules.training.launcher import WorkerLost

        failed = list(self._failed.values())
        first = [pod for pod in failed if not of.lost_a_peer(pod)] or failed
        if not first:
            raise ClusterError(
                f"kubeflow.workers: Job {self._group.job_name!r} failed: {ended.get('message')}"
            )
        pod = first[-1]
        tail = self._tails.get(of.name(pod))
        lines = "\n".join(f"  {line}" for line in tail.lines) if tail else ""
        raise WorkerLost(
            f"{of.failure(pod)}, and training.max_restarts ({self._group.max_restarts}) is used "
            f"up. It said at last:\n{lines or '  (nothing)'}"
        )

    def _check_presence(self, job: Body | None, pods: Sequence[Body]) -> None:
        """Raises ClusterError if a worker has not run for too long, with the reason of each."""
        now = time.monotonic()
        there = {of.place(pod) for pod in pods if of.phase(pod) in ("Running", "Succeeded")}
        failed = {of.place(pod) for pod in self._failed.values()}
        limit = self._group.workers.startup_seconds
        for index in range(self._group.count):
            if index in there:
                self._absent.pop(index, None)
        absent = [index for index in range(self._group.count) if index not in there]
        late = [
            index
            for index in absent
            if now - self._absent.setdefault(index, now)
            > limit + (_BACKOFF_SECONDS if index in failed else 0)
        ]
        if job is None and (self._had_job or late):
            raise ClusterError(
                f"kubeflow.workers: Job {self._group.job_name!r} is gone: somebody removed it, or "
                f"the pod that owned it was deleted"
            )
        if late:
            reasons = "; ".join(self._why_absent(index, pods) for index in absent)
            raise ClusterError(
                f"kubeflow.workers.startup_seconds: after {limit} seconds {len(absent)} of "
                f"{self._group.count} workers do not run: {reasons}"
            )

    def _why_absent(self, index: int, pods: Sequence[Body]) -> str:
        pending = [p for p in pods if of.place(p) == index and of.phase(p) == "Pending"]
        if pending:
            name = of.name(pending[0])
            why = of.why_pending(pending[0]) or self._event(name)
            return f"worker {index} (pod {name}): {why or 'no reason given'}"
        why = self._event(self._group.job_name)
        return f"worker {index}: the cluster makes no pod for it: {why or 'no reason given'}"

    def _event(self, name: str) -> str:
        """The newest warning about an object, if this pod may read events."""
        try:
            found = self._api.list(EVENTS, fieldSelector=f"involvedObject.name={name}")
        except ClusterError:
            return f"`kubectl describe` tells more of {name}"
        warnings = [event for event in found if event.get("type") == "Warning"]
        newest = max(warnings, key=lambda event: event.get("lastTimestamp") or "", default={})
        return ": ".join(text for text in (newest.get("reason"), newest.get("message")) if text)


def _ended(job: Body | None) -> Body | None:
    """The condition that says how a Job has ended, or None."""
    conditions = (job or {}).get("status", {}).get("conditions", [])
    for condition in conditions:
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return dict(condition)
    return None
