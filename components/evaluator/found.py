"""What our Evaluator finds beside metrics, as it writes it into the ModelEvaluation."""

from typing import ClassVar

from pydantic import FiniteFloat

from modules.spec.part import Part


class Rise(Part):
    """How much worse a model is without a column."""

    column: str
    rise: (
        FiniteFloat | None
    )  # of the mean loss, the mean over repeats; None: it is no finite number
    deviation: FiniteFloat | None  # standard deviation over repeats


class Importance(Part):
    """By how much a model's mean loss rises when the values of a column change rows."""

    FILE: ClassVar[str] = "importance.json"  # within the ModelEvaluation

    loss: str  # its name
    baseline: FiniteFloat | None  # the mean loss as the rows are; None: of no rows
    rows: int  # a sample of those that are judged
    repeats: int  # shuffles of a column
    columns: tuple[Rise, ...]  # the most important first


class Residuals(Part):
    """How far off the predictions of a number are, row by row of a sample."""

    FILE: ClassVar[str] = "residuals.json"  # within the ModelEvaluation

    quantile: float | None  # the one that is predicted; None: the label itself
    predictions: tuple[FiniteFloat, ...]
    residuals: tuple[FiniteFloat, ...]  # label minus prediction, in the label's unit
