"""What came of the check: `serving.json` in the folder of the blessing, and its properties."""

import json
import math
import os
from typing import Any

import pydantic
from tfx.utils import io_utils

from components.serving_validator import judging
from components.serving_validator.config import Serving
from components.serving_validator.judging import Case

FILE = "serving.json"
# As TFX's InfraValidator names them (1.21, where they are private); Pusher reads the property.
_MARKS = {True: "INFRA_BLESSED", False: "INFRA_NOT_BLESSED"}


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
    """All that is known of a model as it would be served."""

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


def report(case: Case, rows: int, reasons: list[str], server: str | None) -> Report:
    """The report on a model that was asked."""
    answers, told = case.answers, case.answers.told
    compared = judging.of_trainer(case)
    return Report(
        blessed=not reasons,
        reasons=reasons,
        rows=rows,
        tensorflow=told.tensorflow,
        startup_seconds=answers.startup_seconds,
        load_seconds=told.load_seconds,
        latency={
            name: Latency(
                calls=len(calls.single_ms),
                p50_ms=calls.percentile(50),
                p95_ms=calls.percentile(95),
                batch_rows=calls.rows,
                batch_ms=calls.batch_ms,
            )
            for name, calls in told.calls.items()
        },
        peak_memory_mb=told.peak_memory_mb,
        trainer=compared
        and Agreement(
            rows=compared[0],
            largest=compared[1] if math.isfinite(compared[1]) else None,
            bound=case.kept.bound,
            precision=case.kept.precision,
        ),
        server=server,
        budgets=case.settings.serving,
    )


def write(found: Report, blessing: Any, model: Any) -> None:
    """Writes an InfraBlessing as TFX's InfraValidator does, and the report beside it.

    Args:
        found: the report.
        blessing: the artifact.
        model: the artifact that it is about.
    """
    io_utils.write_string_file(os.path.join(blessing.uri, _MARKS[found.blessed]), "")
    blessing.set_int_custom_property("blessed", int(found.blessed))
    text = json.dumps(json.loads(found.model_dump_json()), indent=1)
    io_utils.write_string_file(os.path.join(blessing.uri, FILE), text)
    blessing.set_string_custom_property("current_model", model.uri)
    blessing.set_int_custom_property("current_model_id", model.id)
    blessing.set_string_custom_property("summary", found.summary())
    blessing.set_string_custom_property("reasons", "; ".join(found.reasons))


def read(uri: str) -> Report:
    """The report in the folder of a blessing."""
    return Report.model_validate_json(io_utils.read_string_file(os.path.join(uri, FILE)))
