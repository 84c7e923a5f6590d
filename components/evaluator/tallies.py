"""What each row adds to the totals that metrics are computed from.

Each function takes the labels `(rows,)` and the predictions `(rows, outputs)` of a model, and gives
the cell of its slice that each row adds to, 0 when a slice has one only, and what it adds there,
float64 `(rows, amounts)`. They do for a batch what the combiners of TFMA 0.52 do row by row, in the
same precision.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Amounts = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
_EPSILON = 1e-7  # Keras' fuzz factor


@dataclasses.dataclass(frozen=True)
class Tally:
    """The totals of one computation on one model."""

    model: str
    amounts: Amounts
    cells: int = 1  # of each slice
    weighted: bool = False  # whether the weights of rows count


def _one_cell(*amounts: Any) -> tuple[np.ndarray, np.ndarray]:
    columns = np.stack(np.broadcast_arrays(*amounts), axis=1).astype(np.float64)
    return np.zeros(len(columns), np.int64), columns


def count(labels: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1."""
    del predictions
    return _one_cell(np.ones(len(labels)))


def histogram(
    labels: np.ndarray, predictions: np.ndarray, *, buckets: int, left: float, width: float
) -> tuple[np.ndarray, np.ndarray]:
    """By bucket of the prediction: label, prediction, 1."""
    scores = _scores(labels, predictions)
    places = (scores - left) / width * buckets + 1
    amounts = _one_cell(labels, scores, 1)[1]
    return np.clip(places, 0, buckets + 1).astype(np.int64), amounts


def confusion(
    labels: np.ndarray, predictions: np.ndarray, *, thresholds: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """By threshold: true positive, true negative, false positive, false negative."""
    scores = _scores(labels, predictions)
    true = labels == 1
    amounts = []
    for threshold in thresholds:
        said = scores > threshold
        amounts += [true & said, ~true & ~said, ~true & said, true & ~said]
    return _one_cell(*amounts)


def _scores(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """The predictions as float64 `(rows,)`, for labels that are 0 or 1."""
    odd = labels[(labels != 0) & (labels != 1)]
    if odd.size:
        raise ValueError(
            f"{odd.size} rows of a batch have a label that is none of the classes. "
            f"Leave them out, or name their class in label.classes"
        )
    scores = predictions[:, 0].astype(np.float64)
    if np.isnan(scores).any():
        raise ValueError(
            f"The model answers NaN for {np.isnan(scores).sum()} rows of a batch, expected a "
            f"probability. Train it again with a lower learning rate"
        )
    return scores


def binary_cross_entropy(
    labels: np.ndarray, predictions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cross entropy, 1."""
    said, true = predictions[:, 0], labels.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):  # a probability of 0 or 1 may give NaN
        return _one_cell(-true * np.log(said) - (1 - true) * np.log(1 - said), 1)


def label_and_prediction(
    labels: np.ndarray, predictions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Label, prediction, 1."""
    return _one_cell(labels, predictions[:, 0], 1)


def absolute_error(labels: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Absolute error, 1; nothing for a row without a label."""
    return _where_known(np.abs(labels - predictions[:, 0]))


def squared_error(labels: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared error, 1; nothing for a row without a label."""
    return _where_known((labels - predictions[:, 0]).astype(np.float64) ** 2)


def _where_known(errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = ~np.isnan(errors)
    return _one_cell(np.where(known, errors, 0), known)


def explained(labels: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared error, label, squared label, 1; nothing for a row without a label."""
    known = ~np.isnan(labels)
    true, said = labels.astype(np.float64), predictions[:, 0].astype(np.float64)
    amounts = ((true - said) ** 2, true, true**2, 1)
    return _one_cell(*(np.where(known, amount, 0) for amount in amounts))


def pinball(
    labels: np.ndarray,
    predictions: np.ndarray,
    *,
    quantiles: Sequence[float],
    places: Sequence[int],
) -> tuple[np.ndarray, np.ndarray]:
    """What predicted quantiles cost, on average, 1; nothing for a row without a label.

    Args:
        labels: as everywhere here.
        predictions: as everywhere here.
        quantiles: that are predicted.
        places: of each among the outputs.
    """
    said = predictions[:, list(places)].astype(np.float64)
    error, quantile = labels.astype(np.float64)[:, np.newaxis] - said, np.asarray(quantiles)
    return _where_known(np.maximum(quantile * error, (quantile - 1) * error).mean(axis=1))


def covered(
    labels: np.ndarray, predictions: np.ndarray, *, place: int
) -> tuple[np.ndarray, np.ndarray]:
    """Whether the label is at most that output, 1; nothing for a row without a label."""
    is_covered = (labels <= predictions[:, place]).astype(np.float64)
    return _where_known(np.where(np.isnan(labels), np.nan, is_covered))


CLASSES = 1 << 16  # more than a label has


def confusion_of_classes(
    labels: np.ndarray, predictions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """By the label's class and the likeliest one, each 1 higher than its id: 1.

    The likeliest is none, -1, if all have a probability of 0.
    """
    said = predictions.argmax(axis=1)
    said = np.where(np.take_along_axis(predictions, said[:, np.newaxis], 1)[:, 0] > 0, said, -1)
    return (labels + 1) * CLASSES + said + 1, np.ones((len(labels), 1))


def means(
    labels: np.ndarray, predictions: np.ndarray, *, of: Sequence["Mean"]
) -> tuple[np.ndarray, np.ndarray]:
    """The value of each of the metrics of Keras that are means over rows, 1."""
    return _one_cell(*(value(labels, predictions) for value in of), 1)


def _squared_difference(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return (labels.astype(np.float32) - predictions[:, 0]) ** 2


def _is_likeliest(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return predictions.argmax(axis=1) == labels


def _cross_entropy_of_classes(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    odd = labels[(labels < 0) | (labels >= predictions.shape[1])]
    if odd.size:
        raise ValueError(
            f"{odd.size} rows of a batch have a label that is none of the {predictions.shape[1]} "
            f"classes. Leave them out, or name their class in label.classes"
        )
    said = np.clip(predictions.astype(np.float64), _EPSILON, 1 - _EPSILON)
    return np.log(said.sum(axis=1)) - np.log(said[np.arange(len(labels)), labels])


def is_among_likeliest(labels: np.ndarray, predictions: np.ndarray, *, k: int) -> np.ndarray:
    """Whether fewer than k classes are likelier than the label's, `(rows,)`."""
    of_label = np.take_along_axis(predictions, np.maximum(labels, 0)[:, np.newaxis], axis=1)
    return ((predictions > of_label).sum(axis=1) < k) & (labels >= 0)


Mean = Callable[[np.ndarray, np.ndarray], np.ndarray]
# by the class of Keras
KERAS_MEANS: dict[str, Mean] = {
    "RootMeanSquaredError": _squared_difference,
    "SparseCategoricalAccuracy": _is_likeliest,
    "SparseCategoricalCrossentropy": _cross_entropy_of_classes,
}
