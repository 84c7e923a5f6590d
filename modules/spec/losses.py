"""The losses that `training.loss` may name. How they are computed: `modules/training/losses.py`."""

import math
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from modules.spec.model import Model
from modules.spec.part import Below1, Part, Positive, Share, Within0And1, named

Tasks = tuple[str, ...]


class BinaryCrossentropy(Part):
    """Log loss of the probability of the second class."""

    tasks: ClassVar[Tasks] = ("binary",)
    name: Literal["binary_crossentropy"] = "binary_crossentropy"
    label_smoothing: Below1 = 0.0  # 0.1 learns 0.95 for what is certain


class SparseCategoricalCrossentropy(Part):
    """Log loss of the probability of the right class."""

    tasks: ClassVar[Tasks] = ("multiclass",)
    name: Literal["sparse_categorical_crossentropy"] = "sparse_categorical_crossentropy"
    label_smoothing: Below1 = 0.0  # this much of the certainty is shared among all classes


class Focal(Part):
    """Log loss that counts what is easy for less (Lin et al., 2017)."""

    tasks: ClassVar[Tasks] = ("binary", "multiclass")
    name: Literal["focal"] = "focal"
    gamma: float = pydantic.Field(2.0, ge=0, le=100)  # 0: log loss; more: the hard rows count more
    # binary: a number, the weight of the second class, 1 - alpha being that of the first;
    # or a weight a class, in the order of label.classes. None: every class counts alike.
    alpha: float | tuple[float, ...] | None = None

    @pydantic.field_validator("alpha", mode="before")
    @classmethod
    def _a_share_or_a_weight_a_class(cls, given: Any) -> Any:
        several = isinstance(given, list | tuple)
        weights = given if several else [given]
        numbers = [weight for weight in weights if type(weight) in (int, float)]
        fits = len(numbers) == len(weights) > 0 and all(
            number >= 0 and (math.isfinite(number) if several else number <= 1)
            for number in numbers
        )
        if given is not None and not fits:
            raise ValueError(
                f"got {given!r}, expected a number from 0 to 1, the weight of the second of two "
                f"classes, or a list with a weight for each class"
            )
        return given


class Quantile(Part):
    """Pinball loss: learns a quantile instead of the mean (Koenker and Bassett, 1978)."""

    tasks: ClassVar[Tasks] = ("regression",)
    name: Literal["quantile"] = "quantile"
    quantile: Within0And1 = 0.5  # 0.9: nine of ten labels lie below the prediction


class MeanSquaredError(Part):
    """Learns the mean; a large error counts for much."""

    tasks: ClassVar[Tasks] = ("regression",)
    name: Literal["mean_squared_error"] = "mean_squared_error"


class MeanAbsoluteError(Part):
    """Learns the median; a large error counts for no more than its size."""

    tasks: ClassVar[Tasks] = ("regression",)
    name: Literal["mean_absolute_error"] = "mean_absolute_error"


class Huber(Part):
    """Squared error up to `delta`, absolute error beyond (Huber, 1964)."""

    tasks: ClassVar[Tasks] = ("regression",)
    name: Literal["huber"] = "huber"
    delta: Positive = 1.0  # in standard deviations of the label


class LogCosh(Part):
    """Half the squared error near 0, the absolute error far from it, smooth between."""

    tasks: ClassVar[Tasks] = ("regression",)
    name: Literal["log_cosh"] = "log_cosh"


class MeanSquaredLogarithmicError(Part):
    """Squared error of log(1 + label): ratios count. For labels of 0 and more."""

    tasks: ClassVar[Tasks] = ("regression",)
    name: Literal["mean_squared_logarithmic_error"] = "mean_squared_logarithmic_error"


class Poisson(Part):
    """Negative log-likelihood of a count whose mean is predicted. For labels of 0 and more."""

    tasks: ClassVar[Tasks] = ("regression",)
    name: Literal["poisson"] = "poisson"


class Distillation(Part):
    """The task's own loss, and how far a teacher's prediction is (Hinton et al., 2015)."""

    tasks: ClassVar[Tasks] = ("binary", "multiclass", "regression")
    name: Literal["distillation"] = "distillation"
    teacher: Model  # trained first, on the same rows
    temperature: Positive = 2.0  # of the probabilities: more shows more of the unlikely classes
    weight: Share = 0.5  # of the teacher; the labels have the rest


Loss = Annotated[
    BinaryCrossentropy
    | SparseCategoricalCrossentropy
    | Focal
    | Quantile
    | MeanSquaredError
    | MeanAbsoluteError
    | Huber
    | LogCosh
    | MeanSquaredLogarithmicError
    | Poisson
    | Distillation,
    pydantic.Field(discriminator="name"),
    pydantic.BeforeValidator(named),
]


def default_loss(task: str) -> Loss:
    """What is learned by when the spec names no loss."""
    match task:
        case "binary":
            return BinaryCrossentropy()
        case "multiclass":
            return SparseCategoricalCrossentropy()
        case _:
            return MeanSquaredError()
