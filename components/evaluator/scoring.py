"""What models say of the rows of a split, and what is so."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.utils.shared import Shared

from components.evaluator.slicing import ranges
from modules.progress import Rows
from modules.spec.features import argument_name
from modules.spec.label import Label
from modules.spec.learning import Interface

SIGNATURE = "serving_raw"
_ROWS = 8192  # a call of the model: more take memory, not less time


@dataclasses.dataclass(frozen=True)
class Served:
    """A SavedModel, and which of its outputs is judged."""

    folder: str
    interface: Interface
    output: str
    weight: str | None = None  # the column of the rows' weights


@dataclasses.dataclass(frozen=True)
class Answers:
    """What is so and what a model says of the rows of a batch."""

    labels: np.ndarray  # `(rows,)`: int64 place among the classes or -1, or float32
    predictions: np.ndarray  # float32 `(rows, outputs)`
    weights: np.ndarray | None = None  # float64 `(rows,)`, 0 or more; None: 1 each


@dataclasses.dataclass(frozen=True)
class Scored:
    """The answers of each model, and the columns that slices are made of, null for missing."""

    rows: int
    models: dict[str, Answers]
    columns: dict[str, pa.Array]


class Score(beam.DoFn):
    """A record batch of lists of at most one value -> `Scored` batches."""

    def __init__(
        self,
        models: dict[str, Served],
        columns: Sequence[str],
        buckets: Mapping[str, Sequence[float]] = MappingProxyType({}),
    ):
        """Takes the models by name, the columns that slices are made of, and ranges of numbers."""
        self._models = models
        self._columns = columns
        self._buckets = dict(buckets)
        self._shared = {name: Shared() for name in models}

    def setup(self) -> None:
        """Beam's: loads the models, once in a process."""
        self._progress = Rows("judged")
        self._scorers = {
            name: self._shared[name].acquire(functools.partial(_Scorer, model))
            for name, model in self._models.items()
        }

    def process(self, batch: pa.RecordBatch) -> Iterator[Scored]:
        """Beam's."""
        for start in range(0, batch.num_rows, _ROWS):
            part = batch.slice(start, _ROWS)
            yield Scored(
                rows=part.num_rows,
                models={name: scorer(part) for name, scorer in self._scorers.items()},
                columns={name: self._column(part, name) for name in self._columns},
            )
            self._progress.add(part.num_rows)

    def _column(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        """What a slice is made of: texts or whole numbers, or the ranges that numbers are in."""
        column = values(batch, name)
        bounds = self._buckets.get(name)
        return ranges(column, bounds) if bounds else column


class _Scorer:
    """A loaded model."""

    def __init__(self, model: Served):
        # Late: a process that only adds up needs no TensorFlow.
        import tensorflow as tf

        self._interface, self._output = model.interface, model.output
        self._weight = model.weight
        self._loaded: Any = tf.saved_model.load(model.folder)  # keeps the variables alive
        self._call: Callable[..., Any] = self._loaded.signatures[SIGNATURE]

    def __call__(self, batch: pa.RecordBatch) -> Answers:
        inputs = {
            argument_name(name): _input(values(batch, name), kind)
            for name, kind in self._interface.columns.items()
        }
        predictions = self._call(**inputs)[self._output].numpy()
        label = self._interface.label
        return Answers(
            labels=labels(values(batch, label.column), label),
            predictions=predictions.reshape(batch.num_rows, -1),
            weights=weights(batch, self._weight) if self._weight else None,
        )


def weights(batch: pa.RecordBatch, name: str) -> np.ndarray:
    """The weights of rows, float64 `(rows,)`.

    Raises:
        ValueError: if a row has none, or one that is below 0.
    """
    column = pc.cast(values(batch, name), pa.float64()).to_numpy(zero_copy_only=False)
    odd = column[~(np.isfinite(column) & (column >= 0))]
    if odd.size:
        raise ValueError(
            f"Column {name!r} gives {odd.size} rows of a batch no weight of 0 or more, but "
            f"{odd[0]}. Fill it in the data, or leave out evaluation.weight"
        )
    return column


def values(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column as a value or null a row; a column that is not there has no values.

    Raises:
        ValueError: if a row has more than one value.
    """
    if name not in batch.schema.names or pa.types.is_null(batch.schema.field(name).type):
        return pa.nulls(batch.num_rows)
    column = batch.column(name)
    counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    if counts.max(initial=0) > 1:
        raise ValueError(
            f"Column {name!r} has {counts.max()} values in a row, expected one at most. "
            f"Make a column of each"
        )
    if counts.all():
        return column.flatten()
    places = pa.array(np.cumsum(counts) - 1, mask=counts == 0)
    return column.flatten().take(places)


def _input(column: pa.Array, kind: str) -> Any:
    """The column `(rows, 1)` as the signature takes it: NaN or "" for missing."""
    import tensorflow as tf

    missing, dtype = (np.nan, pa.float32()) if kind == "number" else (b"", pa.binary())
    filled = pc.fill_null(column.cast(dtype), pa.scalar(missing, dtype))
    return tf.constant(filled.to_numpy(zero_copy_only=False)[:, np.newaxis])


def labels(column: pa.Array, label: Label) -> np.ndarray:
    """The label as `transform_features` gives it.

    Returns:
        `(rows,)`: int64 place among the classes, -1 for any other value; or float32 for a
        number, NaN for missing or infinite.
    """
    if label.is_number:
        numbers = column.cast(pa.float32()).to_numpy(zero_copy_only=False)
        return np.where(np.isfinite(numbers), numbers, np.float32("nan"))
    texts = pc.fill_null(column.cast(pa.binary()), b"")
    classes = pa.array([name.encode() for name in label.classes], pa.binary())
    places = pc.fill_null(pc.index_in(texts, classes), -1)
    return places.to_numpy(zero_copy_only=False).astype(np.int64)
