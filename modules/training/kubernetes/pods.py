"""What a pod's status says, in words.

The fields are those of https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle.
"""

import signal
from typing import Any

from modules.training.kubernetes.contract import AGAIN

Body = dict[str, Any]

_PLACE = "batch.kubernetes.io/job-completion-index"  # annotation


def name(pod: Body) -> str:
    """What the pod is called."""
    return str(pod["metadata"]["name"])


def place(pod: Body) -> int:
    """Which worker it is, from 0."""
    return int(pod["metadata"]["annotations"][_PLACE])


def phase(pod: Body) -> str:
    """Pending, Running, Succeeded, Failed or Unknown."""
    return str(pod.get("status", {}).get("phase", "Pending"))


def called(pod: Body) -> str:
    """The worker and its pod, for people."""
    return f"worker {place(pod)} of the training (pod {name(pod)})"


def lost_a_peer(pod: Body) -> bool:
    """Whether the worker ended because another one had."""
    return _terminated(pod).get("exitCode") == AGAIN


def message(pod: Body) -> str:
    """The last words of the container."""
    return str(_terminated(pod).get("message", "")).strip()


def exit_code(pod: Body) -> int | None:
    """Of the container, if it has ended."""
    return _terminated(pod).get("exitCode")


def failure(pod: Body) -> str:
    """How a failed pod has ended."""
    status, ended = pod.get("status", {}), _terminated(pod)
    why = status.get("reason") or ended.get("reason")  # Evicted; OOMKilled
    code = ended.get("exitCode")
    if code is None:
        return f"{called(pod)} was ended: {why or 'no reason given'}"
    how = f"ended with code {code}"
    if code > 128 and code - 128 in set(signal.Signals):
        how = f"ended by {signal.Signals(code - 128).name}"
    return f"{called(pod)} was {how}" + (f" ({why})" if why not in (None, "Error") else "")


def why_pending(pod: Body) -> str:
    """Why a pod does not run yet, or nothing if it does not say."""
    for container in _containers(pod):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return _joined(waiting["reason"], waiting.get("message"))
    for condition in pod.get("status", {}).get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return _joined(condition.get("reason", "Unschedulable"), condition.get("message"))
    return ""


def _joined(reason: str, text: str | None) -> str:
    return f"{reason}: {text}" if text else reason


def _containers(pod: Body) -> list[Body]:
    return list(pod.get("status", {}).get("containerStatuses", []))


def _terminated(pod: Body) -> Body:
    for container in _containers(pod):
        ended: Body | None = container.get("state", {}).get("terminated")
        if ended:
            return ended
    return {}
