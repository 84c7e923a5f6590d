"""The model as users get it: a SavedModel that scores raw rows with TensorFlow alone."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform.saved.saved_transform_io_v2 import SavedModelLoader

from modules.columns import Column, columns
from modules.preprocessing import transformed
from modules.spec.features import Features, argument_name, raw_type
from modules.spec.label import Label, label_type
from modules.spec.learning import Interface, LearningSpec

WEIGHTS = "weights_by_path"  # in the exported object and so in its checkpoint
Tensors = dict[str, tf.Tensor]
_DTYPES = {"number": tf.float32, "text": tf.string, "time": tf.string}


class Scorer(tf.Module):
    """A Keras model behind its transform graph; each is traced once, for all signatures.

    Not behind `TransformFeaturesLayer`: that is a tf_keras model (TensorFlow Transform 1.21), and
    saving one traces the whole graph again, for half of the time that an export takes.
    """

    def __init__(
        self, model: keras.Model, transform: tft.TFTransformOutput, spec: LearningSpec
    ) -> None:
        super().__init__()
        self.model = model
        # By path, so that a later model finds them (modules/training/warm_start.py).
        setattr(self, WEIGHTS, {weight.path: weight.value for weight in model.weights})
        self._transform = SavedModelLoader(transform.transform_savedmodel_dir)
        self.vocabularies = self._transform._imported  # an attribute, so that they are saved
        self._label = spec.label
        self.predict_transformed = _on_transformed(model, columns(transform, spec.label))
        self.score = _on_sparse(self._score, parsing(spec.features))
        self.transform_features = _on_sparse(
            self._transform.apply_transform_model, parsing(spec.features, spec.label)
        )

    def _score(self, raw: dict[str, tf.SparseTensor]) -> Tensors:
        """Predictions for sparse raw columns, by output name."""
        columns = self._transform.apply_transform_model(raw)
        columns.pop(transformed(self._label.column), None)
        return outputs(self.predict_transformed(columns), self._label)


def outputs(prediction: tf.Tensor, label: Label) -> Tensors:
    """What a signature answers for a prediction.

    Returns:
        binary: `probability` float32 `(batch, 1)`, of the second class; multiclass:
        `probabilities` float32 `(batch, classes)` and `class` string `(batch, 1)`, the likeliest;
        regression: `prediction` float32 `(batch, 1)`; quantile: `quantiles` float32
        `(batch, quantiles)`, never falling.
    """
    match label.task:
        case "binary":
            return {"probability": prediction}
        case "multiclass":
            likeliest = tf.argmax(prediction, axis=1)[:, tf.newaxis]
            return {
                "probabilities": prediction,
                "class": tf.gather(tf.constant(label.classes), likeliest),
            }
        case "quantile":
            return {"quantiles": prediction}
        case _:
            return {"prediction": prediction}


def prediction_key(label: Label) -> str:
    """The output that metrics are computed on."""
    return {
        "binary": "probability",
        "multiclass": "probabilities",
        "regression": "prediction",
        "quantile": "quantiles",
    }[label.task]


def export(
    model: keras.Model,
    transform: tft.TFTransformOutput,
    spec: LearningSpec,
    folder: pathlib.Path,
) -> None:
    """Writes the SavedModel with its three signatures.

    `serving_default`: `examples`, serialized tf.Example `(batch,)`. `serving_raw`: a tensor
    `(batch, 1)` a feature, float32 with NaN for missing, or string with "" for missing.
    `transform_features`: `examples` in, transformed columns and label out. A feature that an
    example lacks is missing, as in training.
    """
    scorer = Scorer(model, transform, spec)
    tf.saved_model.save(
        scorer,
        str(folder),
        signatures={
            "serving_default": _on_examples(scorer.score, parsing(spec.features)),
            "serving_raw": _on_columns(scorer.score, spec.features),
            "transform_features": _on_examples(
                scorer.transform_features, parsing(spec.features, spec.label)
            ),
        },
    )
    interface = folder / Interface.FILE
    interface.parent.mkdir(exist_ok=True)
    interface.write_text(spec.interface().model_dump_json(indent=1), encoding="utf-8")


def parsing(features: Features, label: Label | None = None) -> dict[str, tf.io.VarLenFeature]:
    """How a tf.Example is read: every column may be absent."""
    types = {name: raw_type(feature) for name, feature in features.items()}
    if label is not None:
        types[label.column] = label_type(label)
    return {name: tf.io.VarLenFeature(_DTYPES[kind]) for name, kind in types.items()}


def _on_transformed(model: keras.Model, columns: Sequence[Column]) -> Any:
    """Not a signature, as it means nothing without the transform graph: a way to check it."""
    tensors = {column.name: tf.TensorSpec([None, column.width], column.dtype) for column in columns}

    @tf.function(input_signature=[tensors], autograph=False)
    def on_transformed(columns: Tensors) -> tf.Tensor:
        return model(columns, training=False)

    return on_transformed


def _on_sparse(function: Callable[[Any], Tensors], feature_spec: dict[str, Any]) -> Any:
    columns = {
        name: tf.SparseTensorSpec([None, None], spec.dtype) for name, spec in feature_spec.items()
    }
    return tf.function(function, input_signature=[columns], autograph=False)


def _on_examples(function: Callable[[Any], Tensors], feature_spec: dict[str, Any]) -> Any:
    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="examples")], autograph=False
    )
    def on_examples(examples: tf.Tensor) -> Tensors:
        return function(tf.io.parse_example(examples, feature_spec))

    return on_examples


def _on_columns(function: Callable[[Any], Tensors], features: Features) -> Any:
    tensors = [
        tf.TensorSpec([None, 1], _DTYPES[raw_type(feature)], name=argument_name(name))
        for name, feature in features.items()
    ]

    @tf.function(input_signature=tensors, autograph=False)
    def on_columns(*columns: tf.Tensor) -> Tensors:
        by_name = zip(features, columns, strict=True)
        return function({name: _sparse(column) for name, column in by_name})

    return on_columns


def _sparse(column: tf.Tensor) -> tf.SparseTensor:
    """The column without its missing entries."""
    known = tf.not_equal(column, "") if column.dtype == tf.string else tf.math.is_finite(column)
    shape = tf.shape(column, tf.int64)
    return tf.SparseTensor(tf.where(known), tf.boolean_mask(column, known), shape)
