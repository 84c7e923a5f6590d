"""What models say of the rows of a split, and what is so."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.utils.shared import Shared

from components.columns import values
from components.evaluator.slicing import ranges
from components.signature import ROWS, Signature
from modules.progress import Rows
from modules.spec.label import Label
from modules.spec.learning import Interface


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

    def take(self, places: np.ndarray) -> "Answers":
        """Those of some rows."""
        weights = None if self.weights is None else self.weights[places]
        return Answers(self.labels[places], self.predictions[places], weights)


@dataclasses.dataclass(frozen=True)
class Scored:
    """The answers of each model, and the columns that slices are made of, null for missing."""

    rows: int
    models: dict[str, Answers]
    columns: dict[str, pa.Array]
    batch: pa.RecordBatch  # the rows as they are


class Model:
    """A served model; a process loads it once, whoever asks."""

    def __init__(self, served: Served):
        """Takes where it lies, and what of it is judged."""
        self.served = served
        self._shared = Shared()

    def loaded(self) -> "Scorer":
        """What answers to rows."""
        return self._shared.acquire(functools.partial(Scorer, self.served))


class Score(beam.DoFn):
    """A record batch of lists of at most one value -> `Scored` batches."""

    def __init__(
        self,
        models: dict[str, Model],
        columns: Sequence[str],
        buckets: Mapping[str, Sequence[float]] = MappingProxyType({}),
    ):
        """Takes the models by name, the columns that slices are made of, and ranges of numbers."""
        self._models = models
        self._columns = columns
        self._buckets = dict(buckets)

    def setup(self) -> None:
        """Beam's: loads the models, once in a process."""
        self._progress = Rows("judged")
        self._scorers = {name: model.loaded() for name, model in self._models.items()}

    def process(self, batch: pa.RecordBatch) -> Iterator[Scored]:
        """Beam's."""
        for start in range(0, batch.num_rows, ROWS):
            part = batch.slice(start, ROWS)
            yield Scored(
                rows=part.num_rows,
                models={name: scorer(part) for name, scorer in self._scorers.items()},
                columns={name: self._column(part, name) for name in self._columns},
                batch=part,
            )
            self._progress.add(part.num_rows)

    def _column(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        """What a slice is made of: texts or whole numbers, or the ranges that numbers are in."""
        column = values(batch, name)
        bounds = self._buckets.get(name)
        return ranges(column, bounds) if bounds else column


class Scorer:
    """A loaded model."""

    def __init__(self, model: Served):
        self._interface, self._output = model.interface, model.output
        self._weight = model.weight
        self._signature = Signature(model.folder, model.interface.columns)

    def predictions(self, batch: pa.RecordBatch) -> np.ndarray:
        """What the model says of rows, float32 `(rows, outputs)`."""
        return self._signature(batch)[self._output].numpy().reshape(batch.num_rows, -1)

    def __call__(self, batch: pa.RecordBatch) -> Answers:
        """What the model says of rows, and what is so."""
        label = self._interface.label
        return Answers(
            labels=labels(values(batch, label.column), label),
            predictions=self.predictions(batch),
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
