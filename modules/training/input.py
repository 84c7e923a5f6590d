"""Transformed examples as training batches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

Arrays = dict[str, np.ndarray]  # by transformed column name, `(rows, width)`

_READ_AT_ONCE = 8192  # examples parsed by one operation


def load(patterns: Sequence[str], feature_spec: dict[str, Any]) -> Arrays:
    """Every example of some files, a column an array of `(rows, width)`.

    Parsing is the costly part of input; done once here, an epoch is a gather from memory.

    Args:
        patterns: globs of gzipped TFRecord files of tf.Example.
        feature_spec: what to parse, as `TFTransformOutput.transformed_feature_spec` gives it.
    """
    files = tf.io.gfile.glob(list(patterns))
    records = tf.data.TFRecordDataset(sorted(files), compression_type="GZIP")
    parsed = (
        records.batch(_READ_AT_ONCE)
        .map(lambda batch: tf.io.parse_example(batch, feature_spec), tf.data.AUTOTUNE)
        .prefetch(1)
    )
    parts = list(parsed.as_numpy_iterator())
    if not parts:
        return {
            name: np.zeros((0, *spec.shape), spec.dtype.as_numpy_dtype)
            for name, spec in feature_spec.items()
        }
    return {name: np.concatenate([part[name] for part in parts]) for name in feature_spec}


def rows(arrays: Arrays) -> int:
    """How many examples the arrays hold."""
    return len(next(iter(arrays.values())))


def training_batches(arrays: Arrays, label: str, batch_size: int, seed: int) -> tf.data.Dataset:
    """One epoch of `(features, label)`, in another order each time it is iterated.

    The batches are full, so that every step has one shape: the rows left over at the end of an
    epoch are others in each. With fewer rows than a batch, the batch is all of them.
    """
    count = rows(arrays)
    size = min(batch_size, count)
    order = tf.data.Dataset.range(count).shuffle(count, seed=seed, reshuffle_each_iteration=True)
    return _gather(order.batch(size, drop_remainder=True), arrays, label)


def evaluation_batches(arrays: Arrays, label: str, batch_size: int = 4096) -> tf.data.Dataset:
    """Every example once, in order, as `(features, label)`."""
    return _gather(tf.data.Dataset.range(rows(arrays)).batch(batch_size), arrays, label)


def _gather(indices: tf.data.Dataset, arrays: Arrays, label: str) -> tf.data.Dataset:
    tensors = {name: tf.constant(array) for name, array in arrays.items()}

    def pick(index: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        batch = {name: tf.gather(tensor, index) for name, tensor in tensors.items()}
        return batch, batch.pop(label)

    return indices.map(pick, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
