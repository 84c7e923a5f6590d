"""Rows in columns -> what a served model answers to them, in columns."""

from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.utils.shared import Shared

from components.signature import ROWS, Signature
from modules.progress import Rows
from modules.spec.features import RawType


class Model:
    """A SavedModel; a process loads it once, whoever asks."""

    def __init__(self, folder: str, columns: Mapping[str, RawType]):
        """Takes the folder of a SavedModel, and the columns it takes (`Interface.columns`)."""
        self.folder = folder
        self.columns = dict(columns)
        self._shared = Shared()

    def signature(self) -> Signature:
        """The loaded model."""
        return self._shared.acquire(lambda: Signature(self.folder, self.columns))


class Score(beam.DoFn):
    """(key, rows, columns that are kept) -> (key, the kept columns and then the scores)."""

    def __init__(self, model: Model):
        """Takes the model."""
        self._model = model

    def setup(self) -> None:
        """Beam's: loads the model."""
        self._signature = self._model.signature()
        self._progress = Rows("scored")

    def process(
        self, element: tuple[Any, pa.RecordBatch, dict[str, pa.Array]]
    ) -> Iterator[tuple[Any, pa.RecordBatch]]:
        """Beam's. Nothing comes of no rows."""
        key, rows, kept = element
        parts = []
        for start in range(0, rows.num_rows, ROWS):
            parts.append(scores(self._signature, rows.slice(start, ROWS)))
            self._progress.add(parts[-1].num_rows)
        if parts:
            (whole,) = pa.Table.from_batches(parts).combine_chunks().to_batches()
            columns = dict(zip(whole.schema.names, whole.columns, strict=True))
            yield key, pa.record_batch({**kept, **columns})


def scores(signature: Signature, rows: pa.RecordBatch) -> pa.RecordBatch:
    """What the model answers to rows, which go through it at once.

    Returns:
        A column an output, in the order of their names: float32 or string, or a list of float32
        where a row has several.
    """
    answers = sorted(signature(rows).items())  # which come in another order in each process
    return pa.record_batch({name: _column(tensor.numpy()) for name, tensor in answers})


def answered(signature: Signature) -> pa.Schema:
    """The columns of scores, before a row is scored."""
    return scores(signature, pa.record_batch({"": pa.array([], pa.float32())})).schema


def _column(output: np.ndarray) -> pa.Array:
    """An output `(rows, width)`: values where the width is 1, or else lists."""
    rows, width = output.shape
    if output.dtype == object:  # TensorFlow's texts
        values = pa.array(output.ravel(), pa.binary()).cast(pa.string())
    else:
        values = pa.array(output.ravel())
    if width == 1:
        return values
    ends = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    return pa.ListArray.from_arrays(pa.array(ends), values)
