"""What a check finds. A dataclass: the doctor has to work where libraries do not."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Literal

State = Literal["ok", "warning", "problem"]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that a check looked at."""

    check: str
    state: State
    text: str  # what was found
    mend: str = ""  # what to do; empty if all is well


Check = Callable[[], Iterator[Finding]]


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", text)


def warning(check: str, text: str, mend: str) -> Finding:
    """A run works, but not as well as it could."""
    return Finding(check, "warning", text, mend)


def problem(check: str, text: str, mend: str) -> Finding:
    """A run does not work."""
    return Finding(check, "problem", text, mend)


def found_by(name: str, check: Check) -> Iterator[Finding]:
    """What a check finds; a check that fails itself is a problem, and never ends the others."""
    try:
        yield from check()
    except Exception as error:
        text = f"could not be checked: {type(error).__name__}: {error}"
        yield problem(name, text, "Mend what else is wrong; if this stays, report it")
