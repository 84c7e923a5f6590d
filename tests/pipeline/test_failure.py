"""What is told of a failure."""

import errno

import pytest

from modules.errors import DataError, GateError, SpecError
from pipeline.failure import ExitCode, explained


def wrapped(cause):
    """The cause as Beam and TFX hand it on: within errors of their own."""
    try:
        try:
            raise cause
        except type(cause) as error:
            raise RuntimeError("[while running 'Read']") from error
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (SpecError(["a"]), ExitCode.BAD_SPEC),
        (DataError(["a", "b"]), ExitCode.BAD_DATA),
        (GateError(["a"]), ExitCode.GATE),
    ],
)
def test_a_problem_with_the_input_is_found_within_what_libraries_make_of_it(cause, code):
    told = explained(wrapped(cause))

    assert told == (code, list(cause.problems))


def test_a_full_disk_is_told_in_words():
    told = explained(wrapped(OSError(errno.ENOSPC, "No space left on device", "/serving/x")))

    assert told == (
        ExitCode.CRASH,
        ["the disk is full at /serving/x. Free some space and run again"],
    )


def test_any_other_error_is_a_crash_that_names_its_type():
    told = explained(KeyError("dest"))

    assert told == (ExitCode.CRASH, ["KeyError: 'dest'"])
