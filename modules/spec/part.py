"""What every table of the spec is.

Every model of the spec is frozen, refuses unknown keys and holds JSON values only: a spec crosses
the TFX border as JSON and comes back as the same type.
"""

import pydantic


class Part(pydantic.BaseModel):
    """A table of the spec."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)
