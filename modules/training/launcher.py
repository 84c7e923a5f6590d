"""Starts the processes of a training on this machine, and again when one of them dies."""

import collections
import contextlib
import dataclasses
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from modules import errors
from modules.errors import InputProblem
from modules.progress import LOGGER
from modules.spec.training import Strategy, Training
from modules.training import cluster
from modules.training.job import Job
from modules.training.saying import say

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.1
_LAST_LINES = 15  # of a dead worker, in the error
# How many processes of each kind train together, the one that writes first.
_GROUPS: dict[Strategy, Callable[[int], dict[str, int]]] = {
    "multi_worker": lambda workers: {"worker": workers},
    "parameter_server": lambda workers: {"chief": 1, "worker": workers, "ps": 1},
}


class WorkerLost(RuntimeError):
    """Workers died more often than the spec allows."""


@dataclasses.dataclass
class Worker:
    """A process that trains with others, and what it has said."""

    name: str
    process: subprocess.Popen[str]
    lines: collections.deque[str]  # the last of its output
    failure: InputProblem | None = None  # why it gave up, if it said so
    readers: tuple[threading.Thread, ...] = ()  # of what it says

    def has_said(self) -> None:
        """Waits until all that an ended worker said has been heard."""
        for reader in self.readers:
            reader.join()

    def ended(self) -> str | None:
        """How it ended badly, or None."""
        code = self.process.poll()
        if not code:
            return None
        how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"{self.name} of the training (process {self.process.pid}) was {how}"


def launch(job: Job) -> None:
    """Trains with as many workers as the spec says, and returns when the model is written.

    A worker that dies takes its peers with it, as they wait for its gradients, or have lost its
    weights; all are started again and go on from the last checkpoint. No worker, and no parameter
    server, outlives this function, nor this process.

    Raises:
        InputProblem: as the workers raise it; it is not tried again.
        WorkerLost: after `max_restarts`, with the last lines of the worker that died.
    """
    training = job.spec.training
    job.run_folder.mkdir(parents=True, exist_ok=True)
    while True:
        lost = _run_group(job)
        if lost is None:
            return
        reason = f"{lost.ended()}"
        if len(job.restarts) >= training.max_restarts:
            raise WorkerLost(_last_words(reason, lost, training.max_restarts))
        job = job.model_copy(update={"restarts": (*job.restarts, reason)})
        LOGGER.info(
            f"{reason}; all start again from the last checkpoint "
            f"({len(job.restarts)} of {training.max_restarts} restarts)"
        )


def _last_words(reason: str, lost: Worker, restarts: int) -> str:
    lines = "\n".join(f"  {line}" for line in lost.lines) or "  (nothing)"
    return f"{reason}, and training.max_restarts ({restarts}) is used up. It said at last:\n{lines}"


def _run_group(job: Job) -> Worker | None:
    """Runs all workers to their end; the one that died first, or None if none did."""
    path = job.run_folder / "job.json"
    path.write_text(job.model_dump_json(indent=1), encoding="utf-8")
    members = cluster.members(_addresses(job.spec.training))
    with contextlib.ExitStack() as stack:
        group = [
            stack.enter_context(_started(path, member, _threads(len(members))))
            for member in members
        ]
        chief = group[0]
        while chief.process.poll() != 0:  # then the model is written, and the others are done
            dead = [worker for worker in group if worker.ended()]
            if dead:
                return _first(dead)
            time.sleep(_POLL_SECONDS)
        chief.has_said()
    path.unlink()
    return None


def _first(dead: Sequence[Worker]) -> Worker:
    """The one to blame: a killed one's peers fail a moment later, of the lost connection."""
    for worker in dead:
        worker.has_said()
        if worker.failure:
            raise worker.failure
    return min(dead, key=lambda worker: worker.process.returncode >= 0)


@contextlib.contextmanager
def _started(job: pathlib.Path, member: cluster.Cluster, threads: int) -> Iterator[Worker]:
    """A worker; when the block ends, it does."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "modules.training.worker", str(job), str(writing)],
        stdin=subprocess.PIPE,  # its end tells the worker that we are gone
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=[writing],
        env={**os.environ, **_environment(member, threads)},
    )
    os.close(writing)
    worker = Worker(member.name, process, collections.deque(maxlen=_LAST_LINES))
    worker.readers = (
        threading.Thread(target=_relay_output, args=(worker,), daemon=True),
        threading.Thread(target=_relay_messages, args=(worker, reading), daemon=True),
    )
    for reader in worker.readers:
        reader.start()
    try:
        yield worker
    finally:
        process.kill()  # no harm if it has ended; a worker that waits for a peer hears no SIGTERM
        worker.has_said()
        with process:  # waits for it, and closes the pipes
            pass


def _addresses(training: Training) -> dict[str, list[str]]:
    """An address of this machine for each process, by kind."""
    counts = _GROUPS[training.strategy](training.workers)
    ports = iter(_free_ports(sum(counts.values())))
    return {
        kind: [f"{_HOST}:{next(ports)}" for _ in range(count)] for kind, count in counts.items()
    }


def _threads(processes: int) -> int:
    """The processors that each of some processes may take."""
    return max(1, (os.cpu_count() or 1) // processes)


def _environment(member: cluster.Cluster, threads: int) -> dict[str, str]:
    """What makes a process a worker: its place, and its share of the processors."""
    return {
        cluster.VARIABLE: member.as_json(),
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_CPP_MIN_LOG_LEVEL": "1",
        "PYTHONUNBUFFERED": "1",
        # Else a `modules` of the user's own, in the current folder, is ours.
        "PYTHONSAFEPATH": "1",
    }


def _relay_output(worker: Worker) -> None:
    for line in worker.process.stdout or ():
        text = line.rstrip()
        worker.lines.append(text)
        say(worker.name, text)


def _relay_messages(worker: Worker, reading: int) -> None:
    with os.fdopen(reading, encoding="utf-8") as pipe:
        for line in pipe:
            told = json.loads(line)
            if "progress" in told:
                LOGGER.info(told["progress"], extra={"fraction": told["fraction"]})
            else:
                worker.failure = getattr(errors, told["failure"])(told["problems"])


def _free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on, all different.

    Below those that Linux gives to outgoing connections (`ip_local_port_range`, from 32768 on):
    one of these may be taken by any program before the worker listens on it.
    """
    found: list[int] = []
    for port in random.sample(range(20_000, 32_000), 2_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((_HOST, port))
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"no {count} free ports on {_HOST} between 20000 and 32000")
