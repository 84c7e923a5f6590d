"""How a question about runs is answered: for people or as one JSON object, or refused."""

import json
from collections.abc import Callable
from typing import TypeVar

import pydantic
from rich.console import Console

from modules.errors import InputProblem
from pipeline.console import complain
from pipeline.failure import ExitCode, exit_code
from pipeline.local.display.wording import printable

Answer = TypeVar("Answer", bound=pydantic.BaseModel)


def answered(
    as_json: bool, ask: Callable[[], Answer], show: Callable[[Console, Answer], None]
) -> ExitCode:
    """Prints the answer to a question, or why there is none.

    Args:
        as_json: print one JSON object only.
        ask: the question.
        show: prints an answer for people.

    Returns:
        The exit code, as the command's --help lists them.
    """
    console = Console(highlight=False)
    try:
        answer = ask()
    except InputProblem as problem:
        refuse(console, as_json, list(problem.problems))
        return exit_code(problem)
    if as_json:
        print(answer.model_dump_json(indent=1))
    else:
        show(console, answer)
    return ExitCode.BLESSED


def refuse(console: Console, as_json: bool, problems: list[str]) -> None:
    """Prints why there is no answer: a line each, or an object with `error`."""
    if as_json:
        print(json.dumps({"error": "; ".join(problems)}))
    else:
        complain(console, [printable(problem) for problem in problems])
