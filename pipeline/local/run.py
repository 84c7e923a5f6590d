"""Runs a spec on this machine: starts the worker, follows it, and says how it ended."""

import datetime
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from pipeline.local.display import Display
from pipeline.local.preflight import check_before
from pipeline.local.result import (
    EVENTS,
    Event,
    ExitCode,
    Failed,
    Finished,
    Node,
    Planned,
    Request,
    Result,
    Started,
)
from pipeline.spec import Spec

_GRACE_SECONDS = 5  # between asking a worker to end and ending it


class Ended:
    """How a run ended: the result, the exit code and where its files are."""

    def __init__(self, result: Result, exit_code: ExitCode, problems: list[str], log: pathlib.Path):
        self.result = result
        self.exit_code = exit_code
        self.problems = problems
        self.log = log


def run(spec: Spec, spec_folder: pathlib.Path, runs: pathlib.Path, display: Display) -> Ended:
    """Runs the pipeline of a spec and waits for its end.

    Returns:
        How it ended. Everything of the run is in the folder `runs`: the log and the result in
        a folder named for the run, artifacts and metadata beside it.

    Raises:
        InputProblem: if the spec or the data cannot be used, before anything is started.
    """
    serving = spec_folder / spec.push.to if spec.push.to else runs / "serving"
    check_before(spec, spec_folder, [runs, serving])
    started = time.monotonic()
    run_id = datetime.datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    folder = runs / run_id
    folder.mkdir()
    request = Request(
        spec=spec.model_dump_json(by_alias=True),
        spec_folder=str(spec_folder),
        runs=str(runs),
        serving=str(serving),
        run_id=run_id,
    )
    (folder / "request.json").write_text(request.model_dump_json(indent=1), encoding="utf-8")
    following = _Following()
    with display:
        for event in _worker_events(folder):
            following.take(event)
            display.show(following.nodes)
        following.close()
        display.show(following.nodes)
    ended = following.ended(run_id, spec, folder, time.monotonic() - started)
    text = ended.result.model_dump_json(indent=1)
    (folder / "result.json").write_text(text + "\n", encoding="utf-8")
    return ended


def _worker_events(folder: pathlib.Path) -> Iterator[Event]:
    """What the worker tells, until it has ended; its output goes to the log."""
    reading, writing = os.pipe()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "1", "PYTHONUNBUFFERED": "1"}
    with (folder / "log.txt").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "pipeline.local.worker", folder / "request.json", str(writing)],
            stdin=subprocess.PIPE,  # its end tells the worker that we are gone
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[writing],
            env=environment,
            start_new_session=True,  # Ctrl-C is ours to pass on
        )
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="utf-8") as pipe:
            for line in pipe:
                yield EVENTS.validate_json(line)
        code = worker.wait()
        if code < 0:
            yield Failed(exit_code=ExitCode.CRASH, problems=[_killed(-code)])
    except KeyboardInterrupt:
        yield Failed(exit_code=ExitCode.INTERRUPTED, problems=["interrupted"])
    finally:
        _end(worker)


def _killed(number: int) -> str:
    name = signal.Signals(number).name
    mend = " The kernel may have run out of memory: see `dmesg`." if name == "SIGKILL" else ""
    return f"the worker was ended by {name}.{mend}"


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Leaves no process of the worker's group behind."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(worker.pid, number)
        except ProcessLookupError:
            break
        try:
            worker.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    worker.wait()


class _Following:
    """The state of a run, put together from its events."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._since = time.monotonic()
        self._metrics: dict[str, float] = {}
        self._broken: list[str] = []
        self._pushed: str | None = None
        self._failed: Failed | None = None

    def take(self, event: Event) -> None:
        match event:
            case Planned():
                self.nodes = [Node(name=name) for name in event.nodes]
            case Started():
                self._since = time.monotonic()
                self._node(event.node).state = "running"
            case Finished():
                node = self._node(event.node)
                node.state, node.summary = "done", event.summary
                node.seconds = round(time.monotonic() - self._since, 3)
                self._metrics.update(event.metrics)
                self._broken += event.failures
                self._pushed = event.pushed or self._pushed
            case Failed():
                self._failed = self._failed or event

    def _node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def close(self) -> None:
        """Settles what was under way and what was still to come."""
        for node in self.nodes:
            if node.state == "running":
                node.state = "failed"
                node.seconds = round(time.monotonic() - self._since, 3)
            elif node.state == "waiting":
                node.state = "skipped"

    def ended(self, run_id: str, spec: Spec, folder: pathlib.Path, seconds: float) -> Ended:
        failed = self._failed
        if failed is None and (not self.nodes or any(n.state != "done" for n in self.nodes)):
            failed = Failed(exit_code=ExitCode.CRASH, problems=["the worker ended early"])
        where = next((node.name for node in self.nodes if node.state == "failed"), "start")
        problems = list(failed.problems) if failed else self._broken
        if failed:
            code, verdict = failed.exit_code, "failed"
            reason = f"{where}: {'; '.join(problems)}"
        elif self._broken:
            code, verdict = ExitCode.NOT_BLESSED, "not_blessed"
            reason = "; ".join(self._broken)
        else:
            code, verdict = ExitCode.BLESSED, "blessed"
            rules = len(spec.evaluation.rules)
            reason = f"all {rules} rules hold" if rules else "the spec has no rules"
        result = Result(
            run=run_id,
            pipeline=spec.name,
            verdict=verdict,
            reason=reason,
            metrics=self._metrics,
            pushed=self._pushed,
            seconds=round(seconds, 3),
            nodes=self.nodes,
        )
        return Ended(result, code, problems, folder / "log.txt")
