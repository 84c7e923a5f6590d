"""What a model is built from: the transformed columns, and what it has to predict."""

import dataclasses

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from modules.errors import SpecError
from modules.preprocessing import transformed
from modules.spec.label import Label


@dataclasses.dataclass(frozen=True)
class Column:
    """One transformed column."""

    name: str
    width: int  # the model's input is `(batch, width)`
    dtype: str  # "float32", or "int64" for ids
    cardinality: int | None  # ids lie in [0, cardinality); None for numbers


@dataclasses.dataclass(frozen=True)
class Head:
    """What a model predicts, and how its output looks.

    binary: one probability, of the second class; multiclass: a probability a class;
    regression: one number in the label's unit, `mean` and `std` being those of the train split.
    """

    task: str
    classes: int = 0
    mean: float = 0.0
    std: float = 1.0


def columns(transform: tft.TFTransformOutput, label: Label) -> list[Column]:
    """The columns that Transform made, without the label, in the order of their names.

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
            found.append(Column(name, parsed.shape[0], "int64" if ids else "float32", cardinality))
    if problems:
        raise SpecError(f"preprocessing.function: column {problem}" for problem in problems)
    return found


def head(label: Label, train_labels: np.ndarray) -> Head:
    """The head for a task; a regression's scale is measured on the train split."""
    if label.task != "regression":
        return Head(label.task, len(label.classes))
    return Head(label.task, 0, float(np.mean(train_labels)), float(np.std(train_labels)) or 1.0)
