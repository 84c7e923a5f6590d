"""How a question about versions, or a wish, is answered or refused."""

from collections.abc import Callable
from typing import TypeVar

import pydantic
from rich.console import Console

from components.pusher.version import VersionError
from pipeline.failure import ExitCode, explained
from pipeline.history import answering
from pipeline.history.answering import refuse

Answer = TypeVar("Answer", bound=pydantic.BaseModel)

UNFIT = 3  # exit code: the version is damaged, or does not answer


def answered(
    as_json: bool, ask: Callable[[], Answer], show: Callable[[Console, Answer], None]
) -> int:
    """Prints the answer, or why there is none.

    Args:
        as_json: print one JSON object only.
        ask: does what is asked for.
        show: prints an answer for people.

    Returns:
        The exit code, as the commands' --help lists them.
    """
    console = Console(highlight=False)
    try:
        return answering.answered(as_json, ask, show)
    except VersionError as error:
        refuse(console, as_json, [f"{error}. Nothing was changed"])
        return UNFIT
    except OSError as error:  # a full disk, a store that is not there
        refuse(console, as_json, explained(error)[1])
        return ExitCode.CRASH
