"""How a run fails: its exit code, and what is said of the error, wherever it runs."""

import enum
import errno
from collections.abc import Iterator

from modules.errors import DataError, GateError, InputProblem, SpecError


class ExitCode(enum.IntEnum):
    """Exit codes of `headrace run`, as its --help lists them."""

    BLESSED = 0  # trained, judged, pushed
    CRASH = 1  # a fault of ours, of a library or of the machine
    BAD_SPEC = 2  # the spec or the command line is not usable
    BAD_DATA = 3  # the data cannot be read as the spec says
    GATE = 4  # the data was read, and is not fit to learn from
    NOT_BLESSED = 5  # the model is not good enough, and not pushed; or a format of it is not
    INTERRUPTED = 130  # Ctrl-C


_FULL = ("No space left on device", "database or disk is full")
_LOCKED = "Concurrent writes aborted"  # ML Metadata 1.21, after half a minute
_OF_PROBLEMS: dict[type[InputProblem], ExitCode] = {
    SpecError: ExitCode.BAD_SPEC,
    DataError: ExitCode.BAD_DATA,
    GateError: ExitCode.GATE,
}


def exit_code(problem: InputProblem) -> ExitCode:
    """The exit code for a problem with what the user gave."""
    return _OF_PROBLEMS[type(problem)]


def explained(error: BaseException) -> tuple[ExitCode, list[str]]:
    """The nearest cause that a user can mend, or else the error itself."""
    for cause in causes(error):
        if isinstance(cause, InputProblem):
            return exit_code(cause), list(cause.problems)
        if _is_full(cause):
            file = getattr(cause, "filename", None)
            where = f" at {file}" if file else ""
            return ExitCode.CRASH, [f"the disk is full{where}. Free some space and run again"]
        if _LOCKED in str(cause):
            return ExitCode.CRASH, [
                "another program holds ML Metadata's database, metadata.sqlite in the folder of "
                "the runs. End it, and run again"
            ]
    return ExitCode.CRASH, [f"{type(error).__name__}: {error}".strip()]


def _is_full(cause: BaseException) -> bool:
    """Whether there was no room to write: for Python, for TensorFlow or for SQLite."""
    if isinstance(cause, OSError):
        return cause.errno in (errno.ENOSPC, errno.EDQUOT)
    return any(words in str(cause) for words in _FULL)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what caused it, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
