"""How good predictions are, how far from others, and how long they take."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from components.converter.report import Latency
from components.evaluator import tallies

Predict = Callable[[Mapping[str, np.ndarray]], np.ndarray]
_ROWS = 1024  # a call
_CALLS, _WARM_UP = 100, 5  # of a latency


def part(
    columns: Mapping[str, np.ndarray], names: Iterable[str], rows: slice
) -> dict[str, np.ndarray]:
    """Some rows of some columns, each in one piece of memory."""
    return {name: np.ascontiguousarray(columns[name][rows]) for name in names}


def predictions(
    predict: Predict, columns: Mapping[str, np.ndarray], names: Collection[str], rows: int
) -> np.ndarray:
    """What is predicted for all rows: float64 `(rows, width)`."""
    parts = [
        predict(part(columns, names, slice(start, start + _ROWS)))
        for start in range(0, rows, _ROWS)
    ]
    return np.concatenate(parts).astype(np.float64)


def latency(predict: Predict, columns: Mapping[str, np.ndarray]) -> Latency:
    """How long a call with these rows takes."""
    for _ in range(_WARM_UP):
        predict(columns)
    seconds = np.empty(_CALLS)
    for call in range(_CALLS):
        begun = time.perf_counter()
        predict(columns)
        seconds[call] = time.perf_counter() - begun
    p50, p95 = np.round(np.percentile(seconds, (50, 95)) * 1000, 4)
    return Latency(p50_ms=float(p50), p95_ms=float(p95))


def metric(
    name: str, labels: np.ndarray, predictions: np.ndarray, quantiles: Sequence[float] = ()
) -> float | None:
    """A headline metric, where it has a value.

    Args:
        name: auc, accuracy, rmse or pinball.
        labels: `(rows,)`: place among the classes, -1 for any other value; or a number, NaN for
            missing. Rows without a label do not count.
        predictions: `(rows, width)`.
        quantiles: that are predicted, for pinball.
    """
    known = np.isfinite(labels) if name in ("rmse", "pinball") else labels >= 0
    labels, predictions = labels[known], predictions[known]
    if not len(labels) or not np.isfinite(predictions).all():
        return None
    match name:
        case "rmse":
            return float(np.sqrt(np.mean((predictions[:, 0] - labels) ** 2)))
        case "pinball":
            places = range(len(quantiles))
            costs = tallies.pinball(labels, predictions, quantiles=quantiles, places=places)[1]
            return float(costs[:, 0].mean())
        case "accuracy":
            return float(np.mean(predictions.argmax(axis=1) == labels))
        case "auc":
            return _auc(labels == 1, predictions[:, 0])
    raise ValueError(f"No metric {name!r} here, expected auc, accuracy, rmse or pinball")


def _auc(positive: np.ndarray, scores: np.ndarray) -> float | None:
    """The share of pairs, of a positive and another, that are in order; ties count half."""
    of_pairs = int(positive.sum()) * int((~positive).sum())
    if not of_pairs:
        return None
    count = int(positive.sum())
    ranks = pd.Series(scores).rank().to_numpy()
    return float((ranks[positive].sum() - count * (count + 1) / 2) / of_pairs)
