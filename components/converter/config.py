"""What a spec says about formats that the trained model is converted to."""

import importlib.util
from collections.abc import Iterable, Iterator
from typing import Literal

import pydantic

from modules.errors import did_you_mean
from modules.spec.part import Part, Positive

Format = Literal["litert", "litert-float16", "litert-int8", "onnx"]
INT8: Format = "litert-int8"  # the one that looks at rows of the train split
FILES: dict[Format, str] = {
    "litert": "model.tflite",
    "litert-float16": "model-float16.tflite",
    INT8: "model-int8.tflite",
    "onnx": "model.onnx",
}
# What a format needs beside our own dependencies: the extra `formats` of setup.py.
_PACKAGES: dict[Format, tuple[str, ...]] = {"onnx": ("onnx", "onnxruntime", "tf2onnx")}


class Export(Part):
    """The `[export]` table. Without formats there is the SavedModel alone."""

    formats: tuple[Format, ...] = ()
    # To the SavedModel, of any prediction on the eval split: in probability, or in standard
    # deviations of the label. By format; else `converting.BOUNDS`.
    max_difference: dict[str, Positive] = pydantic.Field(default_factory=dict)

    @pydantic.model_validator(mode="after")
    def _bounds_what_is_asked_for(self) -> "Export":
        if len(set(self.formats)) != len(self.formats):
            raise ValueError(f"formats must differ, got {list(self.formats)}")
        for name in self.max_difference:
            if name not in self.formats:
                raise ValueError(
                    f"max_difference: got {name!r}, expected one of the formats that are asked "
                    f"for: {', '.join(self.formats) or 'none'}{did_you_mean(name, self.formats)}"
                )
        return self


class ConverterSettings(Part):
    """What Converter is told: one JSON value among its parameters."""

    export: Export
    metric: str  # the headline of the task: auc, accuracy, rmse or pinball
    memory_mb: int  # that the transformed examples of a split may take


def missing(formats: Iterable[Format]) -> Iterator[str]:
    """A sentence for each format whose packages are not installed here."""
    for name in formats:
        needed = _PACKAGES.get(name, ())
        absent = [package for package in needed if importlib.util.find_spec(package) is None]
        if absent:
            yield (
                f"export.formats: {name!r} needs {', '.join(absent)}, not installed here. "
                f"pip install {' '.join(needed)}, or leave {name!r} out"
            )
