"""What the Evaluator wrote down beside metrics, of a sample of rows."""

import dataclasses
import pathlib
from typing import TypeVar

import pydantic

from components.evaluator.config import WRONG
from components.evaluator.found import Importance, Residuals
from pipeline.report.facts.sources import Absent, Output, Outputs
from pipeline.spec import Spec

_BYTES = 2**22  # of a file: the names of columns are as long as they are
_Found = TypeVar("_Found", bound=pydantic.BaseModel)


@dataclasses.dataclass(frozen=True)
class Found:
    """What is known of the model beside how good it is."""

    importance: Importance | Absent
    residuals: Residuals | Absent | None  # None: the model predicts no number
    label: str  # the column that is predicted
    unit: str | None  # of the label, and of losses


def of_run(outputs: Outputs, spec: Spec | None) -> Found:
    """What the Evaluator found."""
    if spec is None:
        unknown = Absent("the spec of this run cannot be read")
        return Found(importance=unknown, residuals=None, label="", unit=None)
    importance: Importance | Absent = Absent("the spec says evaluation.importance = false")
    if spec.evaluation.importance:
        importance = _of_run(outputs, spec, Importance, Importance.FILE)
    number = spec.label.is_number
    return Found(
        importance=importance,
        residuals=_of_run(outputs, spec, Residuals, Residuals.FILE) if number else None,
        label=spec.label.column,
        unit=spec.label.unit if number else None,
    )


def _of_run(outputs: Outputs, spec: Spec, kind: type[_Found], name: str) -> _Found | Absent:
    folder = outputs(Output.EVALUATION)
    if isinstance(folder, Absent):
        return folder
    path = folder / name
    return _read(path, kind) if path.is_file() else Absent(_without(folder, spec))


def _read(path: pathlib.Path, kind: type[_Found]) -> _Found | Absent:
    try:
        with path.open("rb") as file:
            return kind.model_validate_json(file.read(_BYTES))
    except (OSError, pydantic.ValidationError):
        return Absent(f"{path.name} cannot be read, or is of another version of Headrace")


def _without(folder: pathlib.Path, spec: Spec) -> str:
    """Why an evaluation has no such file."""
    if (folder / WRONG).is_file():
        return "the Evaluator of that version of Headrace did not look for it"
    if "Evaluator" in spec.stock:
        return "TFX's own Evaluator does not look for it"
    return "the evaluation went row by row, by TFX's own executor: the log of Evaluator says why"
