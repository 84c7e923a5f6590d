"""A run that goes on, told as the server tells of Argo's nodes.

server/api_converter.go (toModelTask) and common/util/workflow.go (NodeStatuses): display names and
phases are Argo's, children are ids of nodes, and neither `error` nor `pod_name` is ever filled
(kubeflow/pipelines issue 14007). Nodes that wait are not there yet.
"""

import dataclasses
import datetime
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

NEVER = "0001-01-01T00:00:00Z"  # of what has not ended


@dataclasses.dataclass
class Plan:
    """How a run will go."""

    fails: str | None = None  # task
    driver_fails: str | None = None  # task
    retries: int = 0  # of the task that fails
    canceled_after: int | None = None  # stages
    stuck_after: int | None = None  # stages


@dataclasses.dataclass
class Progress:
    """A run of some tasks, one after the other."""

    workflow: str  # Argo's name of the run
    tasks: Sequence[str]
    plan: Plan
    begun: datetime.datetime
    done: int = 0  # stages that have ended

    def advance(self) -> None:
        """Lets a stage end."""
        if self.state in ("PENDING", "RUNNING") and self.done != self.plan.stuck_after:
            self.done += 1

    @property
    def state(self) -> str:
        ended = self.tasks[: self.done]
        if self.plan.fails in ended or self.plan.driver_fails in ended:
            return "FAILED"
        if self.plan.canceled_after is not None and self.done > self.plan.canceled_after:
            return "CANCELED"
        if self.done == len(self.tasks):
            return "SUCCEEDED"
        return "RUNNING" if self.done else "PENDING"

    @property
    def finished_at(self) -> str:
        over = self.state in ("FAILED", "CANCELED", "SUCCEEDED")
        return self._at(10 * self.done) if over else "1970-01-01T00:00:00Z"

    def details(self) -> list[dict[str, Any]]:
        """run_details.task_details"""
        if self.state == "PENDING":
            return []
        return list(self._details())

    def pod_of_failed(self) -> str:
        """The pod whose log there is."""
        if self.plan.driver_fails:
            path, template = f"{self.plan.driver_fails}-driver", "system-container-driver"
        elif self.plan.retries:
            path = f"{self.plan.fails}.executor({self.plan.retries})"
            template = "retry-system-container-impl"
        else:
            path, template = f"{self.plan.fails}.executor", "system-container-impl"
        return f"{self.workflow}-{template}-{self._node(path).rpartition('-')[2]}"

    def _details(self) -> Iterator[dict[str, Any]]:
        state = self.state
        shown = list(self.tasks[: self.done + (state == "RUNNING")])
        drivers = [self._node(f"{task}-driver") for task in shown]
        yield self._task("root-driver", "SUCCEEDED", 0, 0)
        yield self._task("root", state, 0, self.done, [f"{self.workflow}-1"])
        yield self._task("pipeline-driver", "SUCCEEDED", 0, 0)
        yield self._task("pipeline", state, 0, self.done, drivers[:1])
        for index, task in enumerate(shown):
            ended = index < self.done
            begin, end = index, index + 1 if ended else None
            if task == self.plan.driver_fails and ended:
                yield self._task(f"{task}-driver", "FAILED", begin, end)
                yield self._task(task, "RUNTIME_STATE_UNSPECIFIED", begin, end)  # Omitted
                continue
            node = [self._node(task)]
            yield self._task(f"{task}-driver", "SUCCEEDED", begin, begin, node)
            failed = ended and task == self.plan.fails
            phase = "FAILED" if failed else "SUCCEEDED" if ended else "RUNNING"
            yield self._task(task, phase, begin, end, [self._node(f"{task}.executor")])
            attempts = [
                self._node(f"{task}.executor({n})")
                for n in range(self.plan.retries + 1 if failed and self.plan.retries else 0)
            ]
            # What waits for a task is a child of the node that ended it.
            yield self._task("executor", phase, begin, end, attempts or drivers[index + 1 :][:1])
        if state == "FAILED":
            for task in self.tasks[self.done :]:
                yield self._task(task, "RUNTIME_STATE_UNSPECIFIED", self.done, self.done)

    def _task(
        self,
        name: str,
        state: str,
        begin: int,
        end: int | None,
        children: Sequence[str] = (),
    ) -> dict[str, Any]:
        return {
            "run_id": "",
            "task_id": str(uuid.uuid4()),
            "display_name": name,
            "create_time": self._at(0),
            "start_time": self._at(10 * begin),
            "end_time": NEVER if end is None else self._at(10 * end),
            "state": state,
            "child_tasks": [{"pod_name": child} for child in children],
        }

    def _node(self, path: str) -> str:
        """Argo, workflow/v1alpha1/workflow_types.go: NodeID is a hash of the node's name."""
        value = 2166136261
        for byte in f"{self.workflow}.root.pipeline.{path}".encode():
            value = (value ^ byte) * 16777619 % 2**32
        return f"{self.workflow}-{value}"

    def _at(self, seconds: int) -> str:
        moment = self.begun + datetime.timedelta(seconds=seconds)
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
