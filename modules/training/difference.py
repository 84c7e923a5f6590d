"""How far two predictions for the same rows are apart."""

import numpy as np

from modules.columns import Head


def differences(one: np.ndarray, other: np.ndarray, head: Head) -> np.ndarray:
    """How far each prediction is off: a probability; a number relative to 1 + its size.

    Args:
        one: `(rows, outputs)`.
        other: likewise.
        head: what is predicted; numbers are held in standard deviations of the label.

    Returns:
        float64 `(rows, outputs)`, 0 or more, NaN where a prediction is.
    """
    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if head.task in ("regression", "quantile"):
        first, second = (first - head.mean) / head.std, (second - head.mean) / head.std
        return np.abs(first - second) / (1 + np.abs(first))
    return np.abs(first - second)


def largest_difference(one: np.ndarray, other: np.ndarray, head: Head) -> float:
    """The largest of `differences`; NaN if any prediction is."""
    return float(np.max(differences(one, other, head)))
