"""The state of a run, put together from what its worker tells."""

import dataclasses
import pathlib
import time

from pipeline.failure import ExitCode
from pipeline.local.result import (
    Event,
    Failed,
    Finished,
    Memory,
    Node,
    Planned,
    Progress,
    Result,
    Started,
    Verdict,
)
from pipeline.spec import Spec

_JUDGE = "Evaluator"  # the node whose end makes a verdict of a run
_LOG = "log.txt"  # of the worker, in the folder of the run


@dataclasses.dataclass(frozen=True)
class Failure:
    """A node that failed, or the run as a whole."""

    where: str  # the node, or those that the failure of the run cut short
    exit_code: ExitCode
    problems: list[str]  # a sentence each
    log: str  # file within the folder of the run

    @property
    def sentences(self) -> list[str]:
        """The problems, each with the node before it."""
        return [f"{self.where}: {problem}" for problem in self.problems]


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a run ended."""

    result: Result
    exit_code: ExitCode
    failures: list[Failure]  # the first one first
    folder: pathlib.Path  # of the run

    @property
    def problems(self) -> list[str]:
        """All that went wrong, a sentence each; empty unless the run failed."""
        return [sentence for failure in self.failures for sentence in failure.sentences]

    @property
    def log(self) -> pathlib.Path:
        """What the worker and its libraries printed."""
        return self.folder / _LOG


class Following:
    """Takes events in, one by one, and knows how the run stands."""

    def __init__(self, spec: Spec, last: str | None = None) -> None:
        """`last` is the node that was asked to end the run; None: all nodes are to run."""
        self.nodes: list[Node] = []
        self._spec = spec
        self._last = last
        self._begun = time.monotonic()
        self._since: dict[str, float] = {}  # by node
        self._finished: dict[str, Finished] = {}
        self._failed: dict[str | None, Failed] = {}  # by node, the first one first
        self._cut_short: list[str] = []  # nodes that were under way at the end

    def take(self, event: Event) -> None:
        """Takes one event."""
        match event:
            case Planned():
                self.nodes = [Node(name=name) for name in event.nodes]
            case Started():
                self._start(self._node(event.node), event)
            case Progress() | Memory():
                self._hear_of(self._node(event.node), event)
            case Finished():
                self._finish(self._node(event.node), event)
            case Failed():
                self._fail(event)
        for node in self.nodes:
            if node.state == "running":
                node.seconds = self._seconds(node)

    def close(self) -> None:
        """Settles what was under way and what was still to come."""
        for node in self.nodes:
            if node.state == "running":
                self._cut_short.append(node.name)
                self._settle(node, "")
                node.state = "failed"
            elif node.state == "waiting":
                node.state = "skipped"
        complete = self.nodes and all(node.state == "done" for node in self.nodes)
        if not self._failed and not complete:
            problems = ["the worker ended early"]
            self._failed[None] = Failed(exit_code=ExitCode.CRASH, problems=problems)

    def ended(self, folder: pathlib.Path, seconds: float) -> Ended:
        """How the run ended, once it is closed."""
        failures = [self._failure(event) for event in self._failed.values()]
        code, verdict, reason = self._judgement(failures)
        events = self._finished.values()
        result = Result(
            run=folder.name,
            pipeline=self._spec.name,
            verdict=verdict,
            reason=reason,
            metrics={name: value for event in events for name, value in event.metrics.items()},
            rules=[rule for event in events for rule in event.rules],
            pushed=next((event.pushed for event in events if event.pushed), None),
            seconds=round(seconds, 3),
            nodes=self.nodes,
        )
        return Ended(result, code, failures, folder)

    def _start(self, node: Node, event: Started) -> None:
        self._since[node.name] = time.monotonic()
        node.started = round(self._since[node.name] - self._begun, 3)
        self._failed.pop(node.name, None)  # it is tried again
        node.why = node.why + [reason for reason in event.why if reason not in node.why]
        # Why it runs at all is for the result; why it runs again is news while it does.
        again = node.why[: len(event.why)] != event.why
        node.summary = "; ".join(event.why) if again else ""
        node.state, node.log = "running", event.log

    def _hear_of(self, node: Node, event: Progress | Memory) -> None:
        if node.state != "running":  # said before its end, heard after it
            return
        if isinstance(event, Progress):
            node.summary = event.text
        else:
            node.memory_mb = event.mb
            node.peak_mb = max(round(event.mb, 1), node.peak_mb or 0.0)

    def _finish(self, node: Node, event: Finished) -> None:
        self._settle(node, event.summary)
        if node.started is None:  # the cache served it
            node.started = round(time.monotonic() - self._begun, 3)
        node.state, node.cached = "done", event.cached
        node.why = event.why or node.why
        if event.seconds is not None:
            node.seconds = round(event.seconds, 3)
        self._finished[node.name] = event

    def _fail(self, event: Failed) -> None:
        self._failed.setdefault(event.node, event)
        if event.node is not None:
            node = self._node(event.node)
            self._settle(node, "".join(event.problems[:1]).partition("\n")[0])
            node.state = "failed"

    def _settle(self, node: Node, summary: str) -> None:
        node.seconds = self._seconds(node)
        node.memory_mb, node.summary = None, summary

    def _seconds(self, node: Node) -> float:
        """Seconds since the node started; 0 if the cache served it before it did."""
        since = self._since.get(node.name)
        return 0.0 if since is None else round(time.monotonic() - since, 3)

    def _failure(self, event: Failed) -> Failure:
        where, log = event.node, None
        if where is None:
            where = ", ".join(self._cut_short) or ("run" if self.nodes else "start")
        else:
            log = self._node(where).log
        return Failure(where, event.exit_code, event.problems, log or _LOG)

    def _judgement(self, failures: list[Failure]) -> tuple[ExitCode, Verdict, str]:
        if failures:
            sentences = (sentence for failure in failures for sentence in failure.sentences)
            return failures[0].exit_code, "failed", "; ".join(sentences)
        refusals = [event for event in self._finished.values() if event.broken_rules]
        if refusals:
            reasons = [event.sentence or "; ".join(event.broken_rules) for event in refusals]
            return ExitCode.NOT_BLESSED, "not_blessed", "; ".join(reasons)
        if self._last is not None and _JUDGE not in self._finished:
            return ExitCode.BLESSED, "partial", f"stopped after {self._last}, as asked"
        judge = self._finished.get(_JUDGE)
        return ExitCode.BLESSED, "blessed", judge.sentence if judge else "no model was judged"

    def _node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)
