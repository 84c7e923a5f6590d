"""The `[label]` table: what is predicted."""

import itertools
from typing import Any, Literal

import pydantic

from modules.spec.features import RawType
from modules.spec.part import Part, Within0And1


class Label(Part):
    """What is predicted. For `binary` the second class is the positive one."""

    column: str = pydantic.Field(min_length=1)
    task: Literal["binary", "multiclass", "regression", "quantile"]
    classes: tuple[str, ...] = ()
    quantiles: tuple[Within0And1, ...] = ()  # 0.9: nine of ten labels lie below what is predicted
    unit: str | None = None

    @property
    def is_number(self) -> bool:
        """Whether the label is a number, and no class."""
        return self.task in ("regression", "quantile")

    @pydantic.model_validator(mode="before")
    @classmethod
    def _binary_classes_default_to_0_and_1(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("task") == "binary" and "classes" not in given:
            return {**given, "classes": ("0", "1")}
        return given

    @pydantic.model_validator(mode="after")
    def _classes_fit_the_task(self) -> "Label":
        count = len(self.classes)
        expected, fits = {
            "binary": ("exactly 2", count == 2),
            "multiclass": ("at least 2", count >= 2),
            "regression": ("no", count == 0),
            "quantile": ("no", count == 0),
        }[self.task]
        if not fits:
            raise ValueError(
                f"task {self.task!r} takes {expected} classes, got {list(self.classes)}. "
                f"List the label's values as text, for example classes = ['no', 'yes']"
            )
        if len(set(self.classes)) != count:
            raise ValueError(f"classes must differ, got {list(self.classes)}")
        return self

    @pydantic.model_validator(mode="after")
    def _quantiles_fit_the_task(self) -> "Label":
        got = list(self.quantiles)
        if self.task != "quantile" and got:
            raise ValueError(f"task {self.task!r} takes no quantiles, got {got}. Leave them out")
        if self.task == "quantile" and (
            not got or any(high <= low for low, high in itertools.pairwise(got))
        ):
            raise ValueError(
                f"task 'quantile' takes quantiles in ascending order, got {got}. Give them, for "
                f"example quantiles = [0.1, 0.5, 0.9]"
            )
        return self


def label_type(label: Label) -> RawType:
    """How the raw column of the label is read."""
    return "number" if label.is_number else "text"
