"""How well one column alone tells the label: almost perfectly is too good to be true."""

import dataclasses

import numpy as np

from modules.spec.label import Label
from pipeline.init.column import Column

_MOST_BINS = 1000
_ROWS_A_BIN = 20
_LEAST_HELD_OUT = 20  # rows
_LEAST_OF_A_CLASS = 5  # of them, where there are two
_AUC = 0.98
_ACCURACY, _ERROR_SHARE = 0.98, 0.2  # of the errors that the majority class makes
_R2 = 0.99
_RANK_CORRELATION = 0.995  # of a copy that is bent, as price is to its logarithm


@dataclasses.dataclass(frozen=True)
class Score:
    """What one column reaches."""

    metric: str  # auc, accuracy, r2 or rank correlation
    value: float
    is_leak: bool

    @property
    def fact(self) -> str:
        """The measure in words."""
        names = {"auc": "AUC", "r2": "R²"}
        return f"{names.get(self.metric, self.metric)} {self.value:.3f}"


def score(column: Column, target: np.ndarray, label: Label) -> Score | None:
    """What a column alone reaches on rows held out: from the mean, or the class, of its bin.

    Args:
        target: float64 `(rows,)`: the number of a regression, else the place among the classes.

    Returns:
        None with too few rows to tell.
    """
    held_out = half(column.rows)
    bins = _bins(column, held_out)
    known = bins[~held_out], target[~held_out], int(bins.max()) + 1
    asked = target[held_out]
    if held_out.sum() < _LEAST_HELD_OUT:
        return None
    match label.task:
        case "binary":
            if min(asked.sum(), (1 - asked).sum()) < _LEAST_OF_A_CLASS:
                return None
            auc = _auc(_means(*known)[bins[held_out]], asked)
            return Score("auc", auc, auc >= _AUC)
        case "multiclass":
            accuracy = float((_modes(*known)[bins[held_out]] == asked).mean())
            majority = np.bincount(asked.astype(np.int64)).max() / len(asked)
            much_better = 1 - accuracy <= _ERROR_SHARE * (1 - majority)
            return Score("accuracy", accuracy, accuracy >= _ACCURACY and much_better)
        case _:
            return _regression(column, target, _means(*known)[bins[held_out]], asked)


def half(rows: int) -> np.ndarray:
    """Half of the rows, by a hash of their number (SplitMix64, Steele et al. 2014); bool."""
    mixed = np.arange(1, rows + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))) % np.uint64(2) == 1


def _bins(column: Column, held_out: np.ndarray) -> np.ndarray:
    """int64 `(rows,)`: 0 missing; then a bin a value, or quantiles of many numbers."""
    count = int(np.clip((~held_out).sum() // _ROWS_A_BIN, 2, _MOST_BINS))
    if column.type == "text" or column.distinct <= count:
        return column.codes.astype(np.int64) + 1
    numbers = column.row_numbers
    known = numbers[~held_out & ~np.isnan(numbers)]
    if not len(known):
        return np.zeros(column.rows, np.int64)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, count + 1)[1:-1]))
    return np.where(np.isnan(numbers), 0, np.searchsorted(edges, numbers, side="left") + 1)


def _means(bins: np.ndarray, target: np.ndarray, size: int) -> np.ndarray:
    """float64 `(size,)`: by bin, the mean of the target; of an empty bin, that of all."""
    counts = np.bincount(bins, minlength=size)
    sums = np.bincount(bins, target, minlength=size)
    return np.where(counts > 0, sums / np.maximum(counts, 1), target.mean())


def _modes(bins: np.ndarray, target: np.ndarray, size: int) -> np.ndarray:
    """float64 `(size,)`: by bin, the most frequent class; of an empty bin, that of all."""
    classes = int(target.max()) + 1
    pairs, counts = np.unique(bins * classes + target.astype(np.int64), return_counts=True)
    modes = np.full(size, np.bincount(target.astype(np.int64)).argmax(), float)
    rising = np.argsort(counts, kind="stable")  # so that the most frequent is written last
    modes[pairs[rising] // classes] = pairs[rising] % classes
    return modes


def _auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve: how often a positive scores above a negative, ties half."""
    ranks = _ranks(scores)
    positives, negatives = positive.sum(), (1 - positive).sum()
    above = ranks[positive == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def _regression(
    column: Column, target: np.ndarray, predicted: np.ndarray, asked: np.ndarray
) -> Score:
    r2 = float(1 - ((asked - predicted) ** 2).mean() / max(asked.var(), np.finfo(float).tiny))
    if column.type != "text" and r2 < _R2:
        known = ~np.isnan(column.row_numbers)
        numbers, labels = column.row_numbers[known], target[known]
        if len(numbers) >= 2 * _LEAST_HELD_OUT and min(np.ptp(numbers), np.ptp(labels)) > 0:
            same = abs(float(np.corrcoef(_ranks(numbers), _ranks(labels))[0, 1]))
            if same >= _RANK_CORRELATION:
                return Score("rank correlation", same, is_leak=True)
    return Score("r2", r2, r2 >= _R2)


def _ranks(values: np.ndarray) -> np.ndarray:
    """float64: places from 1 in rising order, equal values sharing the middle of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]
