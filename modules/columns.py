"""What a model is built from: the transformed columns, and what it has to predict."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from modules.errors import SpecError
from modules.preprocessing import transformed
from modules.spec.label import Label

# Bins by quantiles of a number: 48, as in TabM's code, and fewer where the train split is small, so
# that each rests on some rows (benchmarks/quality/README.md).
MOST_BINS = 48
_ROWS_A_BIN = 25


@dataclasses.dataclass(frozen=True)
class Column:
    """One transformed column."""

    name: str
    width: int  # the model's input is `(batch, width)`
    dtype: str  # "float32", or "int64" for ids
    cardinality: int | None  # ids lie in [0, cardinality); None for numbers
    # Of scaled numbers `(value, 1 when missing)`: where the value's quantiles in the train split
    # lie, rising, both extremes included. Empty for others, and when no rows were looked at.
    boundaries: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class Head:
    """What a model predicts, and how its output looks.

    binary: one probability, of the second class; multiclass: a probability a class;
    regression: one number in the label's unit, `mean` and `std` being those of the train split;
    quantile: a number a quantile, never falling.
    """

    task: str
    classes: int = 0
    mean: float = 0.0
    std: float = 1.0
    quantiles: tuple[float, ...] = ()


def columns(
    transform: tft.TFTransformOutput, label: Label, train: Mapping[str, np.ndarray] | None = None
) -> list[Column]:
    """The columns that Transform made, without the label, in the order of their names.

    Args:
        transform: what Transform made of the train split.
        label: the column that is left out.
        train: the transformed train split by column, `(rows, width)`, for the boundaries.

    Raises:
        SpecError: for columns of the user's own that no model of ours could take.
    """
    schema = {feature.name: feature for feature in transform.transformed_metadata.schema.feature}
    found, problems = [], []
    for name, parsed in sorted(transform.transformed_feature_spec().items()):
        if name == transformed(label.column):
            continue
        ids = parsed.dtype.is_integer
        if not isinstance(parsed, tf.io.FixedLenFeature) or len(parsed.shape) != 1:
            problems.append(f"{name!r} is sparse or of another rank, expected dense (batch, width)")
        elif not ids and not parsed.dtype.is_floating:
            problems.append(f"{name!r} is {parsed.dtype.name}, expected float32 or int64 ids")
        elif ids and not schema[name].HasField("int_domain"):
            problems.append(
                f"{name!r} holds int64 of unknown range, expected ids as "
                f"tft.compute_and_apply_vocabulary and tft.bucketize give them; or cast to float32"
            )
        else:
            cardinality = schema[name].int_domain.max + 1 if ids else None
            found.append(
                Column(
                    name,
                    parsed.shape[0],
                    "int64" if ids else "float32",
                    cardinality,
                    () if ids or train is None else _boundaries(train[name]),
                )
            )
    if problems:
        raise SpecError(f"preprocessing.function: column {problem}" for problem in problems)
    return found


def _boundaries(values: np.ndarray) -> tuple[float, ...]:
    """The distinct ones of the quantiles, rising; none unless `(rows, 2)` is value and flag."""
    if values.shape[1] != 2:
        return ()
    missing = values[:, 1] == 1
    if not (missing | (values[:, 1] == 0)).all() or values[missing, 0].any() or missing.all():
        return ()  # two numbers of a user's own
    known = values[~missing, 0]
    bins = min(MOST_BINS, max(1, len(known) // _ROWS_A_BIN))
    # Quantiles that occur: between 1 engine and 2 there is nothing to tell apart.
    quantiles = np.quantile(known, np.linspace(0, 1, bins + 1), method="inverted_cdf")
    return tuple(np.unique(quantiles).tolist())


def head(label: Label, train_labels: np.ndarray) -> Head:
    """The head for a task; a number's scale is measured on the train split."""
    if not label.is_number:
        return Head(label.task, len(label.classes))
    return Head(
        label.task,
        quantiles=label.quantiles,
        mean=float(np.mean(train_labels)),
        std=float(np.std(train_labels)) or 1.0,
    )
