"""The rows that a model is most wrong about, as the Evaluator wrote them down."""

import json
import math
import pathlib
from typing import Any

import pydantic

from components.evaluator.config import WRONG
from pipeline.report.facts.sources import Absent, Output, Outputs

_ROWS = 50
_MOST = 2**20  # characters of the file: rows of many texts are fewer


class Row(pydantic.BaseModel):
    """A row, and what the model says of it."""

    loss: float
    label: str | float | None
    prediction: list[float]
    row: dict[str, Any]

    def texts(self) -> dict[str, str]:
        """The values of its columns."""
        return {name: "" if value is None else _text(value) for name, value in self.row.items()}


def of_run(outputs: Outputs) -> list[Row] | Absent:
    """The rows, the worst first."""
    found = outputs(Output.EVALUATION)
    if isinstance(found, Absent):
        return found
    if not (found / WRONG).is_file():
        return Absent("TFX's own Evaluator does not keep them")
    return _read(found / WRONG)


def _read(path: pathlib.Path) -> list[Row] | Absent:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MOST)
            whole = text if len(text) < _MOST else text.rpartition("\n")[0]
        return [Row.model_validate(json.loads(line)) for line in whole.split("\n")[:_ROWS] if line]
    except (OSError, ValueError, RecursionError) as error:
        return Absent(f"{path.name} cannot be read: {type(error).__name__}")


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return str(value)
