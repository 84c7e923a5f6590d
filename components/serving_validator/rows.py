"""The rows that a model is asked: real ones, as clients would send them."""

import dataclasses
import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from modules.spec.features import RawType, argument_name

Columns = Mapping[str, RawType]
Row = dict[str, float | bytes]  # what is missing is not there


@dataclasses.dataclass(frozen=True)
class Rows:
    """Some rows in both forms that a model takes: without the label and other columns."""

    columns: Columns
    rows: tuple[Row, ...]

    @functools.cached_property
    def examples(self) -> list[bytes]:
        """A serialized tf.Example a row, for `serving_default`; what is missing is left out."""
        return [_serialized(row) for row in self.rows]

    @functools.cached_property
    def tensors(self) -> dict[str, np.ndarray]:
        """For `serving_raw`, by argument: float32 with NaN, or bytes with "", `(rows, 1)`."""
        return {argument_name(name): self._tensor(name) for name in self.columns}

    def lacking(self) -> "Rows":
        """The fullest row without each of its features in turn, and at last without any."""
        fullest = max(self.rows, key=len)
        left_out = [*([name] for name in self.columns), list(self.columns)]
        rows = [{name: fullest[name] for name in fullest if name not in out} for out in left_out]
        return dataclasses.replace(self, rows=tuple(rows))

    def _tensor(self, name: str) -> np.ndarray:
        if self.columns[name] == "number":
            return np.array([[row.get(name, math.nan)] for row in self.rows], np.float32)
        return np.array([[row.get(name, b"")] for row in self.rows], np.bytes_)


def read(files: Sequence[str], columns: Columns, count: int) -> Rows:
    """The first rows of some files of tf.Examples, gzipped as every ExampleGen writes them.

    Raises:
        ValueError: if there are none.
    """
    records = tf.data.TFRecordDataset(list(files), compression_type="GZIP").as_numpy_iterator()
    rows = tuple(_row(record, columns) for record in itertools.islice(records, count))
    if not rows:
        raise ValueError(f"no row in {list(files)}, expected the tf.Examples of a split")
    return Rows(columns, rows)


def _row(record: bytes, columns: Columns) -> Row:
    features = tf.train.Example.FromString(record).features.feature
    row: Row = {}
    for name in columns:
        kind = features[name].WhichOneof("kind") if name in features else None
        values: Sequence[Any] = getattr(features[name], kind).value if kind else ()
        if values:
            row[name] = values[0]
    return row


def _serialized(row: Row) -> bytes:
    example = tf.train.Example()
    for name, value in row.items():
        feature = example.features.feature[name]
        values = feature.bytes_list if isinstance(value, bytes) else feature.float_list
        values.value.append(value)
    message: bytes = example.SerializeToString(deterministic=True)
    return message
