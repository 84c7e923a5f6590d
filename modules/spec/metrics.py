"""The metrics that `training.metrics` may name: watched after every epoch."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import pydantic

from modules.spec.part import Part, Within0And1, named

Best = Literal["min", "max"]
Tasks = tuple[str, ...]


class Auc(Part):
    """Area under a curve: `roc`, or precision over recall, which is then called `pr_auc`."""

    tasks: ClassVar[Tasks] = ("binary",)
    best: ClassVar[Best] = "max"
    name: Literal["auc"] = "auc"
    curve: Literal["roc", "pr"] = "roc"
    thresholds: int = pydantic.Field(200, ge=3, le=10_000)  # points of the curve


class Accuracy(Part):
    """Share of the rows whose class is right."""

    tasks: ClassVar[Tasks] = ("binary", "multiclass")
    best: ClassVar[Best] = "max"
    name: Literal["accuracy"] = "accuracy"


class Precision(Part):
    """Of the rows said to be of the second class, the share that is."""

    tasks: ClassVar[Tasks] = ("binary",)
    best: ClassVar[Best] = "max"
    name: Literal["precision"] = "precision"
    threshold: Within0And1 = 0.5  # a probability above it says second class


class Recall(Part):
    """Of the rows of the second class, the share that is said to be."""

    tasks: ClassVar[Tasks] = ("binary",)
    best: ClassVar[Best] = "max"
    name: Literal["recall"] = "recall"
    threshold: Within0And1 = 0.5


class F1(Part):
    """Harmonic mean of precision and recall; of several classes, the mean over them."""

    tasks: ClassVar[Tasks] = ("binary", "multiclass")
    best: ClassVar[Best] = "max"
    name: Literal["f1"] = "f1"
    threshold: Within0And1 = 0.5  # binary; of several classes the likeliest is said


class LogLoss(Part):
    """Minus the mean logarithm of the probability of the right class."""

    tasks: ClassVar[Tasks] = ("binary", "multiclass")
    best: ClassVar[Best] = "min"
    name: Literal["log_loss"] = "log_loss"


class Brier(Part):
    """Mean squared error of the probabilities (Brier, 1950)."""

    tasks: ClassVar[Tasks] = ("binary", "multiclass")
    best: ClassVar[Best] = "min"
    name: Literal["brier"] = "brier"


class TopK(Part):
    """Share of the rows whose class is among the `k` likeliest."""

    tasks: ClassVar[Tasks] = ("multiclass",)
    best: ClassVar[Best] = "max"
    name: Literal["top_k"] = "top_k"
    k: int = pydantic.Field(5, ge=1)


class Rmse(Part):
    """Root of the mean squared error, in the label's unit."""

    tasks: ClassVar[Tasks] = ("regression",)
    best: ClassVar[Best] = "min"
    name: Literal["rmse"] = "rmse"


class Mae(Part):
    """Mean absolute error, in the label's unit."""

    tasks: ClassVar[Tasks] = ("regression",)
    best: ClassVar[Best] = "min"
    name: Literal["mae"] = "mae"


class Mape(Part):
    """Mean absolute error in percent of the label. For labels well away from 0."""

    tasks: ClassVar[Tasks] = ("regression",)
    best: ClassVar[Best] = "min"
    name: Literal["mape"] = "mape"


class R2(Part):
    """Share of the label's variance that the predictions explain."""

    tasks: ClassVar[Tasks] = ("regression",)
    best: ClassVar[Best] = "max"
    name: Literal["r2"] = "r2"


class Pinball(Part):
    """How far a predicted quantile is off, in the label's unit."""

    tasks: ClassVar[Tasks] = ("regression",)
    best: ClassVar[Best] = "min"
    name: Literal["pinball"] = "pinball"
    quantile: Within0And1 = 0.5  # 0.5: half the mean absolute error


Metric = Annotated[
    Auc
    | Accuracy
    | Precision
    | Recall
    | F1
    | LogLoss
    | Brier
    | TopK
    | Rmse
    | Mae
    | Mape
    | R2
    | Pinball,
    pydantic.Field(discriminator="name"),
    pydantic.BeforeValidator(named),
]

_DEFAULTS: dict[str, tuple[Metric, ...]] = {
    "binary": (Auc(), Accuracy()),
    "multiclass": (Accuracy(),),
    "regression": (Rmse(), Mae()),
    "quantile": (Pinball(),),  # at the quantiles of the label
}
_ALL = (
    Auc(),
    Auc(curve="pr"),
    *(Accuracy(), Precision(), Recall(), F1(), LogLoss(), Brier(), TopK()),
    *(Rmse(), Mae(), Mape(), R2(), Pinball()),
)


def called(metric: Metric) -> str:
    """The metric's name in a history, and in `monitor` without `val_`."""
    return "pr_auc" if isinstance(metric, Auc) and metric.curve == "pr" else metric.name


def watched(metrics: Sequence[Metric], task: str) -> tuple[Metric, ...]:
    """The metrics of the task, each replaced by a given one of its name, then the others given."""
    merged = {called(metric): metric for metric in (*_DEFAULTS[task], *metrics)}
    return tuple(merged.values())


def best(monitor: str) -> Best:
    """Whether less or more of a monitored number is better.

    Args:
        monitor: `loss` or the name of a metric, with or without `val_`.

    Raises:
        ValueError: if there is no such number.
    """
    name = monitor.removeprefix("val_")
    directions: dict[str, Best] = {"loss": "min"}
    directions.update({called(metric): metric.best for metric in _ALL})
    if name not in directions:
        raise ValueError(f"monitor: got {monitor!r}, expected one of {', '.join(directions)}")
    return directions[name]
