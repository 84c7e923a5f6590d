"""Problems of what a user gave, told together."""

import pickle

import pytest

from modules.errors import DataError, GateError, InputProblem, SpecError, did_you_mean


def test_an_error_says_every_problem_on_a_line():
    error = SpecError(f"problem {number}" for number in (1, 2))

    assert str(error) == "problem 1\nproblem 2"
    assert error.problems == ("problem 1", "problem 2")


@pytest.mark.parametrize("kind", [SpecError, DataError, GateError])
def test_every_kind_is_a_problem_of_the_input_and_a_value_error(kind):
    assert issubclass(kind, InputProblem)
    assert issubclass(kind, ValueError)


def test_an_error_crosses_processes_with_its_problems():
    error = DataError(["problem 1", "problem 2"])

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is DataError
    assert copy.problems == error.problems


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("numerik", "; did you mean 'numeric'?"),
        ("NUMERIC", ""),
        ("carrier", ""),
        ("", ""),
    ],
)
def test_the_nearest_name_is_offered_if_there_is_one(word, near):
    assert did_you_mean(word, ["categorical", "numeric"]) == near


def test_nothing_is_near_when_nothing_is_known():
    assert did_you_mean("numeric", []) == ""
