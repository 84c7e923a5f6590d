"""What came of the check: `serving.json` in the folder of the blessing, and its properties."""

import json
import math
import os
from typing import Any

from tfx.utils import io_utils

from components.serving_validator import judging
from components.serving_validator.found import Agreement, Latency, Report
from components.serving_validator.judging import Case

# As TFX's InfraValidator names them (1.21, where they are private); Pusher reads the property.
_MARKS = {True: "INFRA_BLESSED", False: "INFRA_NOT_BLESSED"}


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
    io_utils.write_string_file(os.path.join(blessing.uri, Report.FILE), text)
    blessing.set_string_custom_property("current_model", model.uri)
    blessing.set_int_custom_property("current_model_id", model.id)
    blessing.set_string_custom_property("summary", found.summary())
    blessing.set_string_custom_property("reasons", "; ".join(found.reasons))
