"""What a spec asks of a model before it is pushed."""

from typing import Self

import pydantic

from modules.spec.learning import Interface
from modules.spec.part import Part, Positive

_BUDGETS = ("max_startup_seconds", "max_p50_ms", "max_p95_ms", "max_memory_mb")


class Serving(Part):
    """The `[serving]` table. A budget that is not given is not looked at."""

    check: bool = True  # false: the model is pushed without having been called
    rows: int = pydantic.Field(256, ge=1, le=4096)  # of the eval split, that it is asked
    max_startup_seconds: Positive | None = None  # to load, and to answer for the first time
    max_p50_ms: Positive | None = None  # half of the calls with a single row
    max_p95_ms: Positive | None = None
    max_memory_mb: Positive | None = None  # the most that the process took, TensorFlow included
    timeout_minutes: Positive = 10  # of the whole check; then the model is refused

    @pydantic.model_validator(mode="after")
    def _measures_what_it_bounds(self) -> Self:
        given = [name for name in _BUDGETS if getattr(self, name) is not None]
        if given and not self.check:
            raise ValueError(
                f"check is false, so nothing measures {', '.join(given)}. Remove it, or set "
                f"check = true"
            )
        return self


class ServingSettings(Part):
    """What ServingValidator is told: one JSON value among its parameters."""

    serving: Serving
    interface: Interface  # what the model takes and predicts
    watched: str  # the split that the Trainer kept predictions of
