"""Transformed examples as batches, for one replica or for many.

What a step sees follows from the seed and the step alone: so training goes on at any step as if it
had never stopped, and N replicas together see what one would.
"""

import copy
import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from modules.errors import SpecError
from modules.training.examples import Examples

_EVALUATED_AT_ONCE = 4096  # examples, summed over replicas
# Where no Python condition hangs on a tensor AutoGraph has nothing to do, and takes its time.
_as_it_is = tf.autograph.experimental.do_not_convert


@dataclasses.dataclass(frozen=True)
class Share:
    """The replicas of this process among all that train together."""

    replicas: int = 1  # of all processes
    first: int = 0  # the first of this process
    local: int = 1  # of this process


class Table:
    """Examples as TensorFlow picks rows of them: one gather a dtype.

    One gather a dtype instead of one a column makes a batch of 1,024 rows and 21 columns in two
    thirds of the time (benchmarks/training).
    """

    def __init__(self, examples: Examples, label: str, weights: np.ndarray | None = None) -> None:
        """Takes examples, the name of their label, and weights `(rows,)` if they have any."""
        self.rows = examples.rows
        self._label = label
        self._names = examples.names
        self._widths = {
            dtype: [examples.widths[name] for name in names]
            for dtype, names in examples.names.items()
        }
        self._matrices = {dtype: _shared(matrix) for dtype, matrix in examples.matrices.items()}
        self._weights = None if weights is None else tf.constant(weights, tf.float32)

    @property
    def tensors(self) -> tuple[Any, ...]:
        """All that the table holds, for `holding` on another machine."""
        return self._matrices, () if self._weights is None else (self._weights,)

    def holding(self, tensors: tuple[Any, ...]) -> "Table":
        """A table of the same columns that picks from these tensors."""
        other = copy.copy(self)
        other._matrices, weights = tensors
        other._weights = weights[0] if weights else None
        return other

    @_as_it_is
    def pick(self, indices: tf.Tensor) -> tuple[Any, ...]:
        """`(features, label)`, or `(features, label, weight)`, of some rows."""
        features: dict[str, tf.Tensor] = {}
        for dtype, matrix in self._matrices.items():
            columns = tf.split(tf.gather(matrix, indices), self._widths[dtype], axis=1)
            features.update(zip(self._names[dtype], columns, strict=True))
        label = features.pop(self._label)
        batch = (features, label)
        return batch if self._weights is None else (*batch, tf.gather(self._weights, indices))


def _shared(matrix: np.ndarray) -> tf.Tensor:
    """The matrix as a tensor, on the processor, where it lies: nothing is copied."""
    if matrix.size == 0:
        return tf.constant(matrix)
    with tf.device("cpu:0"):
        return tf.experimental.dlpack.from_dlpack(matrix.__dlpack__())


@dataclasses.dataclass(frozen=True)
class Order:
    """Which rows each step of training sees.

    Each epoch is a permutation of its own. Its batches are full, so that every step has one shape
    and every replica an equal share; the rows left over at its end are others in each epoch.
    """

    rows: int
    batch_size: int  # at most `rows`
    steps_per_epoch: int  # at most `rows // batch_size`
    seed: int

    def batches(self, step: int, share: Share) -> tf.data.Dataset:
        """Row indices `(batch / replicas,)` for the local replicas in turn, without an end.

        Args:
            step: where to begin: optimizer steps since the start of the training.
            share: whose rows.
        """
        steps, offset = self.steps_per_epoch, step % self.steps_per_epoch
        last = share.first + share.local

        @_as_it_is
        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            order = tf.random.experimental.stateless_shuffle(
                tf.range(self.rows, dtype=tf.int64), seed=tf.stack([self.seed, number])
            )
            shared = tf.reshape(order[: steps * self.batch_size], [steps, share.replicas, -1])
            return tf.data.Dataset.from_tensor_slices(shared[:, share.first : last])

        epochs = tf.data.Dataset.range(step // steps, np.iinfo(np.int64).max)
        return epochs.flat_map(epoch).skip(offset).unbatch()


def training_batches(table: Table, order: Order, step: int, share: Share) -> tf.data.Dataset:
    """Batches from a step on, without an end."""
    picked = order.batches(step, share).map(table.pick, tf.data.AUTOTUNE)
    return picked.prefetch(tf.data.AUTOTUNE)


def evaluation_batches(
    table: Table, share: Share, batch_size: int = _EVALUATED_AT_ONCE
) -> tf.data.Dataset:
    """Every example once, in order.

    The batches are of nearly equal sizes, and so are the replicas' shares of each: a replica
    without rows would have a loss of 0 / 0, one with less steps would leave its peers waiting.

    Raises:
        SpecError: if there are fewer rows than replicas.
    """
    if table.rows < share.replicas:
        raise SpecError(
            [
                f"training: {share.replicas} replicas share the {table.rows} examples to watch, "
                f"expected at least one each. Train with fewer workers"
            ]
        )
    batches = min(-(-table.rows // batch_size), table.rows // share.replicas)
    bounds = [
        table.rows * part // (batches * share.replicas)
        for part in range(batches * share.replicas + 1)
    ]
    pieces = np.stack([bounds[:-1], bounds[1:]], axis=1).reshape(batches, share.replicas, 2)
    mine = pieces[:, share.first : share.first + share.local].reshape(-1, 2)
    picked = tf.data.Dataset.from_tensor_slices(mine).map(
        _as_it_is(lambda piece: table.pick(tf.range(piece[0], piece[1]))), tf.data.AUTOTUNE
    )
    return picked.prefetch(tf.data.AUTOTUNE)
