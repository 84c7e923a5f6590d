"""Numbers as a network can use them: by their place among the quantiles of the train split."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from modules.columns import Column


class PiecewiseLinear(keras.layers.Layer):
    """Numbers embedded by way of the bins they fall in: `(batch, 2)` each -> `(batch, size)` all.

    Gorishniy, Rubachev and Babenko (2022), On Embeddings for Numerical Features in Tabular Deep
    Learning, arXiv:2203.05556: a piecewise-linear encoding and a linear layer a column. As in
    TabM's code the value itself is let in beside the bins, whose weights start at 0, so that
    training starts linear. Here a value beyond the outer boundaries, the extremes of the train
    split, counts as an extreme, where the paper goes on along the line.

    Computed in float32: bins are narrower than what bfloat16 tells apart.
    """

    def __init__(self, columns: Sequence[Column], size: int, regularizer: Any, name: str) -> None:
        super().__init__(name=name, dtype="float32")
        self._low, self._span = _bins([column.boundaries for column in columns])
        self._size = size
        self._regularizer = regularizer

    def build(self, input_shape: Any) -> None:
        """The weights, a set a column."""
        del input_shape
        columns, bins = self._low.shape
        # As torch's linear layer for one input, which TabM's code starts from.
        limit = 1 / math.sqrt(self._size)
        uniform = keras.initializers.RandomUniform(-limit, limit)
        shapes = {"linear": (columns, 2, self._size), "bias": (columns, self._size)}
        self._linear, self._bias = (
            self.add_weight(name=name, shape=shape, initializer=uniform)
            for name, shape in shapes.items()
        )
        self._kernel = self.add_weight(
            name="kernel",
            shape=(columns, bins, self._size),
            initializer="zeros",
            regularizer=self._regularizer,
        )

    def encode(self, numbers: Any) -> Any:
        """How far each number is through each bin.

        Args:
            numbers: float32 `(batch, columns, 2)`: scaled value, and 1 when missing.

        Returns:
            float32 `(batch, columns, bins)`: 1 for a bin below the value, 0 for one above, the
            share that is below where it falls; all 0 when missing.
        """
        value, missing = numbers[..., :1], numbers[..., 1:]
        return keras.ops.clip((value - self._low) / self._span, 0, 1) * (1 - missing)

    def call(self, columns: Sequence[Any]) -> Any:
        """float32 `(batch, columns * size)` for float32 `(batch, 2)` a column."""
        numbers = keras.ops.stack(columns, axis=1)
        binned = keras.ops.einsum("bcn,cns->bcs", self.encode(numbers), self._kernel)
        linear = keras.ops.einsum("bcn,cns->bcs", numbers, self._linear)
        return keras.ops.reshape(binned + linear + self._bias, (-1, len(columns) * self._size))

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, int]:
        """`(batch, columns * size)`."""
        return (input_shape[0][0], len(input_shape) * self._size)


def _bins(boundaries: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Lower ends and widths `(columns, bins)`; bins that a column has not are infinitely wide."""
    most = max(len(of) - 1 for of in boundaries)
    low = np.zeros((len(boundaries), most), np.float32)
    span = np.full((len(boundaries), most), np.inf, np.float32)
    for index, of in enumerate(boundaries):
        low[index, : len(of) - 1] = of[:-1]
        span[index, : len(of) - 1] = np.diff(of)
    return low, span
