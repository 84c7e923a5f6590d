"""What Transform and Trainer are told, and what a trained model says of itself."""

from typing import ClassVar

import pydantic

from modules.spec.features import Features, RawType, raw_type
from modules.spec.label import Label
from modules.spec.model import DEFAULT, Model
from modules.spec.part import Part
from modules.spec.training import Training


class Preprocessing(Part):
    """`function` replaces the preprocessing derived from the features: `file.py:function`."""

    function: str | None = pydantic.Field(None, pattern=r"^[^:]+\.py:\w+$")


class LearningSpec(Part):
    """What Transform and Trainer are told: one JSON value in their custom_config."""

    label: Label
    features: Features
    preprocessing: Preprocessing = Preprocessing()
    model: Model = DEFAULT
    training: Training = Training()

    def interface(self) -> "Interface":
        """What examples a model of this spec takes."""
        columns = {name: raw_type(feature) for name, feature in self.features.items()}
        return Interface(label=self.label, columns=columns)


class Interface(Part):
    """The examples that a model takes: it lies with each exported model."""

    FILE: ClassVar[str] = "assets.extra/interface.json"  # within the SavedModel

    label: Label
    columns: dict[str, RawType]  # of the features, by raw name

    def refusal(self, model: "Interface") -> str | None:
        """Why examples of this interface cannot be given to a model of another; None: they can."""
        if model.label != self.label:
            return f"it predicts {_prediction(model.label)}, not {_prediction(self.label)}"
        for name, kind in model.columns.items():
            today = self.columns.get(name)
            if today is None:
                return f"it takes column {name!r}, which is no feature today"
            if today != kind:
                return f"it takes column {name!r} as {kind}, which is {today} today"
        return None


def _prediction(label: Label) -> str:
    parts = [*label.classes, *(f"{quantile:g}" for quantile in label.quantiles)]
    return f"{label.column!r} ({label.task}{' of ' if parts else ''}{', '.join(parts)})"
