"""Small SavedModels of TensorFlow alone, good and bad, and what a Trainer would leave beside them.

The columns are `x`, a number, and `carrier`, a text; the label is binary. A good model predicts
sigmoid(x + 1 if the carrier is UA), a missing x being 0.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from components.serving_validator.config import Serving, ServingSettings
from components.serving_validator.validating import Subject
from modules.columns import Head
from modules.spec.label import Label
from modules.spec.learning import Interface
from modules.training import kept

INTERFACE = Interface(
    label=Label(column="late", task="binary"), columns={"x": "number", "carrier": "text"}
)
ROWS: list[dict[str, Any]] = [
    {"x": 0.0, "carrier": "UA", "late": "1"},
    {"x": 1.0, "carrier": "AA", "late": "0"},
    {"x": -2.0, "late": "0"},
    {"carrier": "UA", "late": "1"},
]
# The three signatures of a good model: what it makes of a number and a text, `(batch, 1)` each.
Predict = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def good(x: tf.Tensor, carrier: tf.Tensor) -> tf.Tensor:
    """The probability, float32 `(batch, 1)`."""
    return tf.sigmoid(known(x) + tf.cast(carrier == "UA", tf.float32))


def known(x: tf.Tensor) -> tf.Tensor:
    """The number, 0 where it is missing."""
    return tf.where(tf.math.is_nan(x), tf.zeros_like(x), x)


def save(
    folder: pathlib.Path,
    by_examples: Predict = good,
    by_columns: Predict | None = None,
    without: Sequence[str] = (),
) -> pathlib.Path:
    """Writes a model that predicts so, by both signatures alike unless two are given."""
    examples = tf.TensorSpec([None], tf.string, name="examples")
    number = tf.TensorSpec([None, 1], tf.float32, name="x")
    text = tf.TensorSpec([None, 1], tf.string, name="carrier")

    def parsed(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        reading = {
            "x": tf.io.FixedLenFeature([1], tf.float32, [np.nan]),
            "carrier": tf.io.FixedLenFeature([1], tf.string, [""]),
        }
        return tf.io.parse_example(serialized, reading)

    @tf.function(input_signature=[examples], autograph=False)
    def serving_default(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        columns = parsed(examples)
        return {"probability": by_examples(columns["x"], columns["carrier"])}

    @tf.function(input_signature=[number, text], autograph=False)
    def serving_raw(x: tf.Tensor, carrier: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probability": (by_columns or by_examples)(x, carrier)}

    @tf.function(input_signature=[examples], autograph=False)
    def transform_features(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        columns = parsed(examples)
        ids = tf.cast(columns["carrier"] == "UA", tf.int64)
        return {"x_xf": known(columns["x"]), "carrier_xf": ids}

    signatures = {
        "serving_default": serving_default,
        "serving_raw": serving_raw,
        "transform_features": transform_features,
    }
    chosen = {name: each for name, each in signatures.items() if name not in without}
    tf.saved_model.save(tf.Module(), str(folder), signatures=chosen)
    return folder


def remember(run_folder: pathlib.Path, off: float = 0.0) -> None:
    """Writes what the Trainer keeps of ROWS, its predictions off by so much."""
    x = np.array([[0.0], [1.0], [-2.0], [0.0]], np.float32)
    ids = np.array([[1], [0], [0], [1]], np.int64)
    predictions = 1 / (1 + np.exp(-(x + ids))) + off
    columns: dict[str, np.ndarray] = {"x_xf": x, "carrier_xf": ids}
    found = kept.Kept(columns, predictions.astype(np.float32), Head("binary", 2), "float32", 1e-4)
    kept.write(found, run_folder)


def write_examples(file: pathlib.Path, examples: Sequence[bytes]) -> str:
    """Writes gzipped TFRecords, as ExampleGen does."""
    with tf.io.TFRecordWriter(str(file), tf.io.TFRecordOptions("GZIP")) as writer:
        for example in examples:
            writer.write(example)
    return str(file)


@dataclasses.dataclass(frozen=True)
class Scene:
    """A folder with rows and what a Trainer keeps of them."""

    folder: pathlib.Path
    rows: str  # file of tf.Examples

    def subject(self, model: pathlib.Path) -> Subject:
        """A model of these rows."""
        return Subject(str(model), self.folder / "run", [self.rows], [self.rows])


def scene(folder: pathlib.Path, serialized: Callable[[dict[str, Any]], bytes]) -> Scene:
    """A folder for models that are asked ROWS."""
    remember(folder / "run")
    rows = write_examples(folder / "rows.gz", [serialized(row) for row in ROWS])
    return Scene(folder, rows)


def settings(**serving: Any) -> ServingSettings:
    """What the component is told."""
    return ServingSettings(serving=Serving(**serving), interface=INTERFACE, watched="eval")
