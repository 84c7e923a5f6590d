"""What is known of a model as it would be served."""

from typing import ClassVar

import pydantic

from components.serving_validator.config import Serving


class Latency(pydantic.BaseModel):
    """What calls of one signature took, in milliseconds."""

    calls: int  # with a row each, after the first
    p50_ms: float
    p95_ms: float
    batch_rows: int
    batch_ms: float | None


class Agreement(pydantic.BaseModel):
    """How well the served model agrees with the one in the Trainer's memory."""

    rows: int  # compared
    largest: float | None  # difference; None: a prediction is no number
    bound: float  # that it had to keep
    precision: str  # of the trained model


class Report(pydantic.BaseModel):
    """All that is known of a model as it would be served: `serving.json` beside its blessing."""

    FILE: ClassVar[str] = "serving.json"

    blessed: bool
    reasons: list[str]  # not to bless it, a sentence each
    rows: int  # that it was asked
    tensorflow: str | None = None  # version
    startup_seconds: float | None = None
    load_seconds: float | None = None
    latency: dict[str, Latency] = {}  # by signature
    peak_memory_mb: float | None = None
    trainer: Agreement | None = None
    server: str | None = None  # the model server that was asked, too
    budgets: Serving

    def summary(self) -> str:
        """All of it that fits into a line."""
        parts = []
        if latency := self.latency.get("serving_default"):
            parts.append(f"answers in {latency.p50_ms:.1f} ms (p95 {latency.p95_ms:.1f})")
        if self.startup_seconds is not None:
            parts.append(f"starts in {self.startup_seconds:.1f} s")
        if self.peak_memory_mb is not None:
            parts.append(f"{self.peak_memory_mb:,.0f} MB")
        text = ", ".join(parts)
        if self.trainer and self.trainer.largest is not None and self.blessed:
            text += f"; agrees with the trainer to {_rough(self.trainer.largest)}"
        if not self.blessed:
            text += f"{'; ' if text else ''}not fit to serve"
        return text


def _rough(number: float) -> str:
    """`3e-7`: a difference as people say it."""
    digit, _, power = f"{number:.0e}".partition("e")
    return f"{digit}e{int(power)}" if number else "the last bit"
