"""One of several processes that train together; the launcher starts it.

It is given a job (JSON, a file) and a descriptor to tell the launcher on, a JSON value a line:
how far it is, and why it gave up when another start would end alike.
"""

import json
import logging
import os
import pathlib
import sys
import threading
import traceback
from typing import Any, TextIO

from modules.errors import InputProblem


def main() -> None:
    """Does its part of the job in the file named first; tells on the descriptor named second."""
    _die_with_the_launcher()
    with os.fdopen(int(sys.argv[2]), "w", encoding="utf-8", buffering=1) as pipe:
        try:
            _train(pathlib.Path(sys.argv[1]), pipe)
        except InputProblem as error:
            traceback.print_exc()
            _tell(pipe, failure=type(error).__name__, problems=list(error.problems))
            sys.stdout.flush()
            os._exit(1)  # peers may wait for us in C++, and we for them


def _train(path: pathlib.Path, pipe: TextIO) -> None:
    # Late, so that a parent that is gone already is noticed before TensorFlow is there.
    from modules import progress
    from modules.training.job import Job
    from modules.training.run import take_part

    job = Job.model_validate_json(path.read_text(encoding="utf-8"))
    progress.LOGGER.addHandler(_Telling(pipe))
    progress.LOGGER.setLevel(logging.INFO)
    progress.LOGGER.propagate = False  # the launcher writes it to the log
    take_part(job)


class _Telling(logging.Handler):
    """Hands on what the training says of its progress."""

    def __init__(self, pipe: TextIO) -> None:
        super().__init__()
        self._pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        """Tells one message."""
        fraction = getattr(record, "fraction", None)
        _tell(self._pipe, progress=record.getMessage(), fraction=fraction)


def _tell(pipe: TextIO, **what: Any) -> None:
    pipe.write(json.dumps(what) + "\n")


def _die_with_the_launcher() -> None:
    """Ends this process when the launcher is gone, whatever ended that."""

    def wait() -> None:
        # Not sys.stdin: a thread that holds its lock aborts the interpreter at its end.
        os.read(sys.stdin.fileno(), 1)  # returns when the launcher's end is closed
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
