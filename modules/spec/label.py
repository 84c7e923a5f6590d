"""The `[label]` table: what is predicted."""

from typing import Any, Literal

import pydantic

from modules.spec.features import RawType
from modules.spec.part import Part


class Label(Part):
    """What is predicted. For `binary` the second class is the positive one."""

    column: str = pydantic.Field(min_length=1)
    task: Literal["binary", "multiclass", "regression"]
    classes: tuple[str, ...] = ()
    unit: str | None = None

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
        }[self.task]
        if not fits:
            raise ValueError(
                f"task {self.task!r} takes {expected} classes, got {list(self.classes)}. "
                f"List the label's values as text, for example classes = ['no', 'yes']"
            )
        if len(set(self.classes)) != count:
            raise ValueError(f"classes must differ, got {list(self.classes)}")
        return self


def label_type(label: Label) -> RawType:
    """How the raw column of the label is read."""
    return "number" if label.task == "regression" else "text"
