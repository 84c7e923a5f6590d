"""What stops a run because of what the user gave it, as opposed to a fault of ours."""

import difflib
from collections.abc import Iterable


class InputProblem(ValueError):
    """Everything that is wrong with one input, one problem a line.

    Attributes:
        problems: one sentence each: which object, what came, what was expected, what to do.
    """

    def __init__(self, problems: Iterable[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class SpecError(InputProblem):
    """The spec, or a file it names, is not usable."""


class DataError(InputProblem):
    """The data cannot be read as the spec says."""


class GateError(InputProblem):
    """The data was read, and is not fit to learn from."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest of the known words, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
