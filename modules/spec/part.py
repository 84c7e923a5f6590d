"""What every table of the spec is.

Every model of the spec is frozen, refuses unknown keys and holds JSON values only: a spec crosses
the TFX border as JSON and comes back as the same type.
"""

import re
from typing import Annotated, Any

import pydantic

# Infinity is no JSON value.
Positive = Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, pydantic.Field(ge=0, le=1)]
Below1 = Annotated[float, pydantic.Field(ge=0, lt=1)]
Within0And1 = Annotated[float, pydantic.Field(gt=0, lt=1)]


class Part(pydantic.BaseModel):
    """A table of the spec."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


def matching(pattern: str, what: str) -> pydantic.AfterValidator:
    """Text that matches a pattern; the error says in words what is expected."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"got {text!r}, expected {what}")
        return text

    return pydantic.AfterValidator(check)


def named(given: Any) -> Any:
    """`"focal"` read as `{ name = "focal" }`: a name alone takes the defaults of its table."""
    return {"name": given} if isinstance(given, str) else given
