"""Runs the nodes of a DAG: what the cache has is taken from it, the rest gets a process each."""

import functools
import os
import pathlib
import selectors
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pipeline import lineage
from pipeline.failure import ExitCode
from pipeline.local import record as record_of
from pipeline.local.cache import index
from pipeline.local.plan import Dag, Step
from pipeline.local.record import Output, Record
from pipeline.local.result import (
    Event,
    Finished,
    Memory,
    Planned,
    Progress,
    Request,
    Started,
)
from pipeline.local.reuse import Chosen, Reuse, made
from pipeline.local.schedule import Schedule
from pipeline.local.settings import Local

if TYPE_CHECKING:
    from pipeline.local.processes import Child

_LOOK_SECONDS = 1.0  # between two looks at memory and time
# What may see a GPU: TensorFlow takes all of its memory as soon as it does.
_ON_GPU = ("Trainer", "Tuner", "Evaluator")


class Runner:
    """One run. It has no thread and no open database, so that it can fork."""

    def __init__(
        self,
        request: Request,
        settings: Local,
        dag: Dag,
        reuse: Reuse,
        tell: Callable[[Event], None],
        hidden: Sequence[int] = (),
    ) -> None:
        """Takes what is to be run.

        Args:
            request: of the command.
            settings: the `[local]` table.
            dag: what is to be run.
            reuse: says what the cache has.
            tell: is given every event.
            hidden: descriptors that no node may have.
        """
        self._request, self._settings, self._dag, self._steps = request, settings, dag, dag.steps
        self._reuse, self._tell, self._hidden = reuse, tell, hidden
        self._runs = pathlib.Path(request.runs)
        self._folder = self._runs / request.run_id
        self._schedule = Schedule({name: step.upstream for name, step in dag.steps.items()})
        self._outputs: dict[str, dict[str, list[Output]]] = {}
        self._children: dict[str, Child] = {}
        self._chosen: dict[str, Chosen] = {}
        self._tries: dict[str, int] = {}
        self._selector = selectors.DefaultSelector()
        self._imported = False  # what nodes need

    def run(self) -> bool:
        """Runs all nodes; those that depend on one that failed are left out.

        Returns:
            Whether all ended well.
        """
        self._selector.register(0, selectors.EVENT_READ, _end_with_the_command)
        most, failed = self._settings.parallel or _processors(), False
        self._tell(Planned(nodes=list(self._steps)))
        while self._children or self._schedule.ready:
            while self._schedule.ready and len(self._children) < most:
                self._begin(self._schedule.ready[0])
            failed = self._look() or failed
        self._selector.close()
        return not failed

    def _begin(self, name: str) -> None:
        """Serves a node from the cache, or starts it."""
        step = self._steps[name]
        chosen = self._chosen[name] = self._reuse.choose(step, self._outputs)
        self._schedule.start(name)
        if chosen.record is None:
            self._start(step, chosen.why)
            return
        inputs = {
            key: [output.id for source in sources for output in made(source, self._outputs)]
            for key, sources in step.inputs.items()
        }
        contexts = [(kind, fixed or self._request.run_id) for kind, fixed in step.contexts]
        lineage.register_cached(self._runs, chosen.record.execution, contexts, inputs)
        self._keep(chosen.record)
        finished = chosen.record.finished.model_copy(update={"cached": True, "why": chosen.why})
        self._succeed(name, chosen.record.outputs, finished)

    def _start(self, step: Step, why: Sequence[str]) -> None:
        """Starts a node's process; imports what nodes need before the first."""
        name = step.name
        self._tries[name] = self._tries.get(name, 0) + 1
        log = pathlib.PurePath("logs", f"{name}.log")
        kept = self._runs / "checkpoints" / self._chosen[name].key
        if not self._chosen[name].goes_on:
            shutil.rmtree(kept, ignore_errors=True)
        going_on = ["it goes on from the checkpoints of an earlier try"] if kept.is_dir() else []
        started = Started(node=name, why=[*why, *going_on], log=str(log))
        is_first = not self._imported
        if is_first:
            self._tell(started)
            self._tell(Progress(node=name, text="importing TensorFlow and TFX"))
        from pipeline.local import preparing, processes
        from pipeline.local.launching import launch

        preparing.import_for(self._steps.values())
        self._imported = True
        self._tell(started)  # its time begins here
        work = functools.partial(
            launch, self._dag.compiled, self._runs, self._request.run_id, name, kept
        )
        setting = functools.partial(self._set_apart, name)
        child = processes.start(name, self._folder / log, work, setting)
        self._children[name] = child
        self._selector.register(child.pipe, selectors.EVENT_READ, child)
        self._selector.register(child.ended, selectors.EVENT_READ, child)
        if is_first:
            self._reuse.look_ahead(self._steps.values())

    def _set_apart(self, name: str) -> None:
        """In the process of a node: leaves it nothing that is the worker's, or another node's."""
        self._selector.close()
        for descriptor in self._hidden:
            os.close(descriptor)
        for child in self._children.values():
            os.close(child.pipe)
            os.close(child.ended)
        if self._steps[name].component.rpartition(".")[2] not in _ON_GPU:
            os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

    def _look(self) -> bool:
        """Waits for something to happen, but not long; whether a node has failed for good."""
        ready = self._selector.select(_LOOK_SECONDS if self._children else 0)
        failed = False
        for key, _ in ready:
            if callable(key.data):
                key.data()
                continue
            child: Child = key.data
            if self._children.get(child.node) is not child:  # its end was seen a moment ago
                continue
            for progress in child.told():
                self._tell(progress)
            if key.fd == child.ended:
                failed = self._end(child) or failed
            elif child.done or child.failed:
                self._selector.unregister(child.pipe)  # what follows is its end
        for child in self._children.values():
            self._watch(child)
        return failed

    def _watch(self, child: "Child") -> None:
        """Looks at memory now and then, and ends what takes too long."""
        now = time.monotonic()
        if now - child.looked >= _LOOK_SECONDS:
            child.looked = now
            mb = child.memory_mb()
            if mb:  # one that has just ended has none
                self._tell(Memory(node=child.node, mb=round(mb, 1)))
        limit = self._settings.stage(child.node).timeout_minutes
        if limit and child.seconds > 60 * limit and not child.timed_out:
            child.timed_out = limit
            child.kill()

    def _end(self, child: "Child") -> bool:
        """Notes how a node ended, or starts it again; whether it has failed for good."""
        del self._children[child.node]
        for descriptor in (child.pipe, child.ended):
            if descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
        failure = child.wait()
        if failure is None and child.done:
            self._finish(child)
            return False
        assert failure is not None
        retries = self._settings.stage(child.node).retries or 0
        if failure.exit_code == ExitCode.CRASH and self._tries[child.node] <= retries:
            why = [f"try {self._tries[child.node]} of {retries + 1}: {failure.problems[0]}"]
            self._chosen[child.node].goes_on = True
            self._start(self._steps[child.node], why)
            return False
        self._tell(failure)
        self._schedule.failed(child.node)
        return True

    def _finish(self, child: "Child") -> None:
        """Keeps what a node made, for this run and for later ones."""
        assert child.done
        chosen, done = self._chosen[child.node], child.done
        record = Record(
            node=child.node,
            run=self._request.run_id,
            key=chosen.key,
            parts=chosen.parts,
            execution=done.execution,
            outputs=done.outputs,
            finished=done.finished,
            seconds=round(child.seconds, 3),
            peak_mb=round(child.peak_mb, 1) or None,
        )
        if chosen.is_still_true():
            index.keep(self._runs, record)
        self._keep(record)
        self._succeed(child.node, done.outputs, done.finished)

    def _keep(self, record: Record) -> None:
        path = self._folder / record_of.RECORDS / f"{record.node}.json"
        record_of.write(record, path)

    def _succeed(self, name: str, outputs: dict[str, list[Output]], finished: Finished) -> None:
        self._outputs[name] = outputs
        self._schedule.done(name)
        self._tell(finished)


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def _end_with_the_command() -> None:
    """The command is gone: nothing of the run goes on."""
    os.killpg(0, signal.SIGKILL)
