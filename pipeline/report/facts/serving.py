"""How the model would be served: the serving check, and its other formats."""

import dataclasses
import pathlib
from typing import TypeVar

import pydantic

from components.converter.report import Report as Formats
from components.serving_validator.found import Report as Check
from pipeline.report.facts.sources import Absent, Output, Outputs

_Found = TypeVar("_Found", bound=pydantic.BaseModel)


@dataclasses.dataclass(frozen=True)
class Served:
    """What is known of the model outside of the Trainer."""

    check: Check | Absent
    formats: Formats | Absent


def of_run(outputs: Outputs) -> Served:
    """What ServingValidator and Converter found."""
    check = outputs(Output.SERVING_CHECK)
    formats = outputs(Output.FORMATS)
    return Served(
        check=check if isinstance(check, Absent) else _read(check / Check.FILE, Check),
        formats=formats if isinstance(formats, Absent) else _read(formats / Formats.FILE, Formats),
    )


def _read(path: pathlib.Path, kind: type[_Found]) -> _Found | Absent:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, pydantic.ValidationError):
        return Absent(f"{path.name} is gone, or of another version of Headrace")
