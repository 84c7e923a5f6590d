"""The state of a run, put together from what its worker tells."""

import dataclasses
import pathlib
import time

from pipeline.failure import ExitCode
from pipeline.local.result import (
    Event,
    Failed,
    Finished,
    Node,
    Planned,
    Progress,
    Result,
    Started,
    Verdict,
)
from pipeline.spec import Spec


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a run ended."""

    result: Result
    exit_code: ExitCode
    problems: list[str]  # a sentence each; empty unless it failed
    folder: pathlib.Path  # of the run

    @property
    def log(self) -> pathlib.Path:
        """What the worker and its libraries printed."""
        return self.folder / "log.txt"


class Following:
    """Takes events in, one by one, and knows how the run stands."""

    def __init__(self, spec: Spec) -> None:
        self.nodes: list[Node] = []
        self._spec = spec
        self._since = time.monotonic()
        self._finished: dict[str, Finished] = {}
        self._failed: Failed | None = None

    def take(self, event: Event) -> None:
        """Takes one event."""
        match event:
            case Planned():
                self.nodes = [Node(name=name) for name in event.nodes]
            case Started():
                self._since = time.monotonic()
                self._node(event.node).state = "running"
            case Progress():
                for node in self.nodes:
                    if node.state == "running":
                        node.summary = event.text
            case Finished():
                node = self._node(event.node)
                node.state, node.summary = "done", event.summary
                node.seconds = round(time.monotonic() - self._since, 3)
                self._finished[event.node] = event
            case Failed():
                self._failed = self._failed or event

    def close(self) -> None:
        """Settles what was under way and what was still to come."""
        for node in self.nodes:
            if node.state == "running":
                node.state, node.summary = "failed", ""
                node.seconds = round(time.monotonic() - self._since, 3)
            elif node.state == "waiting":
                node.state = "skipped"
        complete = self.nodes and all(node.state == "done" for node in self.nodes)
        if self._failed is None and not complete:
            self._failed = Failed(exit_code=ExitCode.CRASH, problems=["the worker ended early"])

    def ended(self, folder: pathlib.Path, seconds: float) -> Ended:
        """How the run ended, once it is closed."""
        code, verdict, reason = self._judgement()
        events = self._finished.values()
        metrics = {name: value for event in events for name, value in event.metrics.items()}
        result = Result(
            run=folder.name,
            pipeline=self._spec.name,
            verdict=verdict,
            reason=reason,
            metrics=metrics,
            pushed=next((event.pushed for event in events if event.pushed), None),
            seconds=round(seconds, 3),
            nodes=self.nodes,
        )
        return Ended(result, code, self._problems(), folder)

    def _judgement(self) -> tuple[ExitCode, Verdict, str]:
        if self._failed:
            return self._failed.exit_code, "failed", "; ".join(self._problems())
        broken = [rule for event in self._finished.values() for rule in event.broken_rules]
        if broken:
            return ExitCode.NOT_BLESSED, "not_blessed", "; ".join(broken)
        return ExitCode.BLESSED, "blessed", self._held()

    def _held(self) -> str:
        """Which rules held: without a baseline, none on change was judged."""
        rules = self._spec.evaluation.rules
        if not rules:
            return "the spec has no rules"
        baseline = any(event.has_baseline for event in self._finished.values())
        changes = [rule for rule in rules if rule.min is rule.max is None]
        unjudged = 0 if baseline else len(changes)
        count = len(rules) - unjudged
        held = f"{count} rule{'s hold' if count != 1 else ' holds'}"
        return held + (f", {unjudged} not judged for want of a baseline" if unjudged else "")

    def _problems(self) -> list[str]:
        if self._failed is None:
            return []
        where = next((node.name for node in self.nodes if node.state == "failed"), "start")
        return [f"{where}: {problem}" for problem in self._failed.problems]

    def _node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)
