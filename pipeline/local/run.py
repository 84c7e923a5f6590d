"""Runs a spec on this machine: starts the worker, follows it, and says how it ended."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator

from pipeline.failure import ExitCode
from pipeline.local import whole
from pipeline.local.display.protocol import Display
from pipeline.local.following import Ended, Following
from pipeline.local.lock import locked, sign
from pipeline.local.preflight import check_before
from pipeline.local.requesting import REQUEST, RESULT, new_run
from pipeline.local.result import EVENTS, Event, Failed, Request
from pipeline.spec import Spec

_GRACE_SECONDS = 5  # between asking a worker to end and ending it


def run(spec: Spec, request: Request, display: Display, waiting: Callable[[str], None]) -> Ended:
    """Runs the pipeline of a spec and waits for its end.

    Args:
        spec: the spec.
        request: what is asked for; the run's id is given here.
        display: where the run is shown.
        waiting: told who runs in the same folder, if this run has to wait for it.

    Returns:
        How it ended. Everything of the run is in the folder of the runs: logs, records and the
        result in a folder named for the run, artifacts and metadata beside it.

    Raises:
        InputProblem: if the spec or the data cannot be used, before anything is started.
    """
    runs, serving = pathlib.Path(request.runs), pathlib.Path(request.serving)
    check_before(spec, pathlib.Path(request.spec_file).parent, [runs, serving])
    with locked(runs, f"a run of {spec.name}", waiting) as lock:
        run_id = new_run(runs)
        sign(lock, f"run {run_id}")
        folder = runs / run_id
        request = request.model_copy(update={"run_id": run_id})
        whole.write(folder / REQUEST, request.model_dump_json(indent=1).encode())
        started = time.monotonic()
        following = Following(spec, request.last)
        with display, contextlib.closing(_worker_events(folder, lock)) as events:
            display.begin(folder)
            try:
                for event in events:
                    following.take(event)
                    display.hear(event)
                    display.show(following.nodes)
            except KeyboardInterrupt:
                interrupted = Failed(exit_code=ExitCode.INTERRUPTED, problems=["interrupted"])
                following.take(interrupted)
                display.hear(interrupted)
            following.close()
            display.show(following.nodes)
        ended = following.ended(folder, time.monotonic() - started)
        _write_result(ended)
    return ended


def _write_result(ended: Ended) -> None:
    """Writes how a run ended, if there is room for it: without, the run counts as cut short."""
    text = ended.result.model_dump_json(indent=1) + "\n"
    with contextlib.suppress(OSError):
        whole.write(ended.folder / RESULT, text.encode())


def _worker_events(folder: pathlib.Path, lock: int) -> Generator[Event]:
    """What the worker tells, until it has ended; its output goes to the log.

    The worker and its nodes inherit the lock: nobody else may write before the last has ended.
    """
    reading, writing = os.pipe()
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "1",
        "PYTHONUNBUFFERED": "1",
        # Else a `pipeline` or `modules` of the user's own, in the current folder, is ours.
        "PYTHONSAFEPATH": "1",
    }
    with (folder / "log.txt").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "pipeline.local.worker", folder / REQUEST, str(writing)],
            stdin=subprocess.PIPE,  # its end tells the worker that we are gone
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[writing, lock],
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
        elif code > 0:  # told by the worker itself, unless it could not even do that
            text = f"the worker ended with exit code {code}; the log says why"
            yield Failed(exit_code=ExitCode.CRASH, problems=[text])
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
