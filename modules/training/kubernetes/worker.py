"""One pod of a training: `python -m modules.training.kubernetes.worker <job file>`."""

import contextlib
import json
import logging
import os
import pathlib
import signal
import sys
import threading
import traceback
from typing import NoReturn

from modules.errors import InputProblem, SpecError
from modules.training.job import Job
from modules.training.kubernetes import peers, staging
from modules.training.kubernetes.contract import AGAIN, MARK, REFUSED, TERMINATION_VARIABLE
from modules.training.kubernetes.session import Session, write

_ENDED = 128 + signal.SIGTERM
_MOST_BYTES = 4096  # of a termination message, says Kubernetes


def main() -> None:
    """Trains the job of the file that is named, as the worker that the environment tells."""
    _end_when_told_to()
    stage = staging.around(pathlib.Path(sys.argv[1]))
    try:
        _check_volume(stage)
        index, count = peers.place(os.environ)
        peers.describe_cluster(os.environ)
        session = Session(stage.session, index, count)
        if session.join():
            session.watch(leave=lambda: _exit(0), again=_start_again, trained=lambda: _over(stage))
            _train(stage)
            session.finish()
    except InputProblem as error:
        traceback.print_exc()
        _report(error, stage)
        _exit(REFUSED)
    except (Exception, SystemExit):
        traceback.print_exc()
        _exit(AGAIN)
    _exit(0)


def _check_volume(stage: staging.Stage) -> None:
    if not stage.job_file.exists():
        raise SpecError(
            [
                f"kubeflow.volume: no {stage.job_file} in the worker's pod, expected the "
                f"volume that the Trainer's pod has mounted, at the same path"
            ]
        )


def _train(stage: staging.Stage) -> None:
    from modules import progress
    from modules.training.trainer import train

    job = Job.model_validate_json(stage.job_file.read_text(encoding="utf-8"))
    progress.LOGGER.addHandler(_Telling())
    progress.LOGGER.setLevel(logging.INFO)
    progress.LOGGER.propagate = False  # whoever follows the log writes it
    train(job)


class _Telling(logging.Handler):
    """Hands on what the training says of its progress, as lines of the log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tells one message."""
        text = " ".join(record.getMessage().splitlines())
        sys.stdout.write(f"{MARK}{text}\n")
        sys.stdout.flush()


def _over(stage: staging.Stage) -> bool:
    """Whether the model has taken its last step."""
    from modules.training.checkpoint import CHECKPOINT, load

    found = load(str(stage.run / CHECKPOINT))
    return bool(found and found.notes["ended"])


def _report(error: InputProblem, stage: staging.Stage) -> None:
    """Writes what is wrong to where the launch reads it, and to where Kubernetes shows it."""
    told = {"failure": type(error).__name__, "problems": error.problems}
    file = os.environ.get(TERMINATION_VARIABLE)
    if file:
        pathlib.Path(file).write_bytes(str(error).encode()[:_MOST_BYTES])
    with contextlib.suppress(OSError):  # the volume may be what is wrong
        write(stage.failure, json.dumps(told))


def _end_when_told_to() -> None:
    """Makes SIGTERM end this process at once.

    The kernel ignores a signal that process 1 of a container has no handler for, and Python runs
    none while TensorFlow waits for a peer in C++: the pod would stay until it is killed.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # in each thread from now on

    def wait() -> None:
        signal.sigwait([signal.SIGTERM])
        os._exit(_ENDED)

    threading.Thread(target=wait, daemon=True).start()


def _start_again() -> NoReturn:
    """This worker from the beginning, in the same pod: nothing has failed that the Job counts."""
    sys.stdout.flush()
    module = ["-m", "modules.training.kubernetes.worker"]
    os.execv(sys.executable, [sys.executable, *module, *sys.argv[1:]])  # noqa: S606


def _exit(code: int) -> NoReturn:
    """Ends this process without waiting for TensorFlow, which may wait for peers in C++."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
