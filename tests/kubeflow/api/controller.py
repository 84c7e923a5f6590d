"""The Job controller, for Indexed Jobs.

As https://kubernetes.io/docs/concepts/workloads/controllers/job describes it, but for the pause
before a failed pod is started again, which there is 10 s, doubled each time.
"""

import copy
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

from tests.kubeflow.api import status
from tests.kubeflow.api.store import Store, now

Body = dict[str, Any]

_POLL_SECONDS = 0.02
_BACKOFF_SECONDS = 0.2
_INDEX = "batch.kubernetes.io/job-completion-index"


class Controller:
    """Makes the pods of a store's Jobs until it is closed."""

    def __init__(self, store: Store, quota: Mapping[str, int]) -> None:
        """Takes the quota of the namespace, by resource."""
        self._store, self._quota = store, quota
        self._counted: dict[str, set[str]] = {}  # failed pods, by Job
        self._failures: dict[str, int] = {}  # those that count, by Job
        self._pauses: dict[str, float] = {}  # when pods may be made again, by Job
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.wait(_POLL_SECONDS):
            with self._store.lock:
                self._store.collect_garbage()
                for job in self._store.all("jobs"):
                    if not _condition(job, "Complete") and not _condition(job, "Failed"):
                        self._sync(job)

    def _sync(self, job: Body) -> None:
        uid, spec = job["metadata"]["uid"], job["spec"]
        pods = [pod for pod in self._store.all("pods") if _owned(pod, uid)]
        active = [pod for pod in pods if pod["status"]["phase"] in ("Pending", "Running")]
        done = {_index(pod) for pod in pods if pod["status"]["phase"] == "Succeeded"}
        target = _condition(job, "FailureTarget") or self._verdict(job, pods)
        job["status"] = job["status"] | {
            "active": len(active),
            "failed": len(self._counted.get(uid, ())),
            "succeeded": len(done),
        }
        if target:
            self._fail(job, target, active)
        elif len(done) == spec["completions"]:
            _add(job, "Complete", "CompletionsReached", "Reached expected number of succeeded pods")
        elif time.monotonic() > self._pauses.get(uid, 0):
            busy = done | {_index(pod) for pod in active}
            for index in range(spec["completions"]):
                if index not in busy:
                    self._make_pod(job, index)

    def _verdict(self, job: Body, pods: list[Body]) -> Body | None:
        """Why the Job has failed, with each new failure looked at."""
        uid, spec = job["metadata"]["uid"], job["spec"]
        counted = self._counted.setdefault(uid, set())
        for pod in pods:
            name = pod["metadata"]["name"]
            if pod["status"]["phase"] != "Failed" or name in counted:
                continue
            counted.add(name)
            self._pauses[uid] = time.monotonic() + _BACKOFF_SECONDS
            action = _action(spec.get("podFailurePolicy", {}), pod)
            if action == "FailJob":
                text = f"Container of pod {name} failed with an exit code matching FailJob rule"
                return {"reason": "PodFailurePolicy", "message": text}
            if action != "Ignore":
                self._failures[uid] = self._failures.get(uid, 0) + 1
        if self._failures.get(uid, 0) > spec.get("backoffLimit", 6):
            text = "Job has reached the specified backoff limit"
            return {"reason": "BackoffLimitExceeded", "message": text}
        limit = spec.get("activeDeadlineSeconds")
        if limit and time.monotonic() - self._pauses.setdefault(f"{uid} began", _now()) > limit:
            text = "Job was active longer than specified deadline"
            return {"reason": "DeadlineExceeded", "message": text}
        return None

    def _fail(self, job: Body, target: Body, active: list[Body]) -> None:
        """The Job has failed once its pods have ended."""
        if not _condition(job, "FailureTarget"):
            _add(job, "FailureTarget", target["reason"], target["message"])
        for pod in active:
            self._store.delete("pods", pod["metadata"]["name"])
        if not active:
            _add(job, "Failed", target["reason"], target["message"])

    def _make_pod(self, job: Body, index: int) -> None:
        name = job["metadata"]["name"]
        limit = self._quota.get("pods")
        if limit is not None and len(self._store.all("pods")) >= limit:
            pod = f"{name}-{index}-{secrets.token_hex(3)[:5]}"
            error = status.over_quota("", "pods", pod, "pods", limit)
            self._warn(job, "FailedCreate", f"Error creating: {error}")
            self._pauses[job["metadata"]["uid"]] = time.monotonic() + 1
            return
        self._store.create("pods", job["metadata"]["namespace"], _pod(job, index))

    def _warn(self, job: Body, reason: str, message: str) -> None:
        event = {
            "metadata": {"name": f"{job['metadata']['name']}.{secrets.token_hex(6)}"},
            "involvedObject": {"kind": "Job", "name": job["metadata"]["name"]},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "lastTimestamp": now(),
        }
        self._store.create("events", job["metadata"]["namespace"], event)


def _pod(job: Body, index: int) -> Body:
    metadata, template = job["metadata"], copy.deepcopy(job["spec"]["template"])
    own = {"job-name": metadata["name"], "batch.kubernetes.io/job-name": metadata["name"]}
    given = template.get("metadata", {})
    spec = template["spec"] | {"hostname": f"{metadata['name']}-{index}"}
    for container in spec["containers"]:
        container["env"].append({"name": "JOB_COMPLETION_INDEX", "value": str(index)})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{metadata['name']}-{index}-{secrets.token_hex(3)[:5]}",
            "labels": given.get("labels", {}) | own,
            "annotations": given.get("annotations", {}) | {_INDEX: str(index)},
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                    "controller": True,
                }
            ],
        },
        "spec": spec,
        "status": {"phase": "Pending"},
    }


def _action(policy: Body, pod: Body) -> str:
    """Of the first rule that fits."""
    states = [container["state"] for container in pod["status"].get("containerStatuses", [])]
    codes = {state["terminated"]["exitCode"] for state in states if "terminated" in state}
    conditions = {(one["type"], one["status"]) for one in pod["status"].get("conditions", [])}
    for rule in policy.get("rules", []):
        if codes & set(rule.get("onExitCodes", {}).get("values", [])):
            return str(rule["action"])
        wanted = {(one["type"], one["status"]) for one in rule.get("onPodConditions", [])}
        if conditions & wanted:
            return str(rule["action"])
    return "Count"


def _add(job: Body, kind: str, reason: str, message: str) -> None:
    condition = {"type": kind, "status": "True", "reason": reason, "message": message}
    job["status"].setdefault("conditions", []).append(condition)


def _condition(job: Body, kind: str) -> Body | None:
    found = [one for one in job["status"].get("conditions", []) if one["type"] == kind]
    return found[0] if found else None


def _owned(pod: Body, uid: str) -> bool:
    return any(owner["uid"] == uid for owner in pod["metadata"].get("ownerReferences", []))


def _index(pod: Body) -> int:
    return int(pod["metadata"]["annotations"][_INDEX])


def _now() -> float:
    return time.monotonic()
