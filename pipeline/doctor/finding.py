"""What a check finds."""

from collections.abc import Callable, Iterator
from typing import Literal

import pydantic

State = Literal["ok", "warning", "problem"]


class Finding(pydantic.BaseModel):
    """One thing that a check looked at."""

    check: str
    state: State
    text: str  # what was found
    mend: str = ""  # what to do; empty if all is well


Check = Callable[[], Iterator[Finding]]


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check=check, state="ok", text=text)


def warning(check: str, text: str, mend: str) -> Finding:
    """It works, but not as well as it could."""
    return Finding(check=check, state="warning", text=text, mend=mend)


def problem(check: str, text: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(check=check, state="problem", text=text, mend=mend)


def found_by(name: str, check: Check) -> list[Finding]:
    """What a check finds; a check that fails itself is a problem, and never ends the others."""
    try:
        return list(check())
    except Exception as error:
        text = f"could not be checked: {type(error).__name__}: {error}"
        return [problem(name, text, "This is a fault of ours, or of a broken system: report it")]
