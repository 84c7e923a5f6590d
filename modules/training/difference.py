"""How far two predictions for the same rows are apart."""

import numpy as np

from modules.columns import Head


def largest_difference(one: np.ndarray, other: np.ndarray, head: Head) -> float:
    """The largest difference: of probabilities; of numbers, relative to 1 + its size.

    Args:
        one: `(rows, outputs)`.
        other: likewise.
        head: what is predicted; numbers are held in standard deviations of the label.

    Returns:
        NaN if any prediction is.
    """
    first, second = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if head.task in ("regression", "quantile"):
        first, second = (first - head.mean) / head.std, (second - head.mean) / head.std
        return float(np.max(np.abs(first - second) / (1 + np.abs(first))))
    return float(np.max(np.abs(first - second)))
