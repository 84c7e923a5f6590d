"""The Keras model within a SavedModel, as converters take it: a tensor a transformed column."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from modules.errors import SpecError
from modules.export import WEIGHTS, prediction_key
from modules.preprocessing import transformed
from modules.spec.features import argument_name
from modules.spec.label import Label
from modules.spec.learning import Interface

SIGNATURE = "serving_default"


class Unconvertible(Exception):
    """The network has something in it that a format does not know; says what."""


@dataclasses.dataclass(frozen=True)
class Network:
    """What is converted. What looks up texts stays in the SavedModel: no converter takes it.

    Attributes:
        folder: of the SavedModel.
        label: what is predicted.
        inputs: name of its tensor by transformed column, in order.
        tensors: `(None, width)` each, in the same order.
        call: a tf.function of these tensors -> the prediction by its name.
        loaded: the SavedModel, which keeps the variables alive.
    """

    folder: pathlib.Path
    label: Label
    inputs: Mapping[str, str]
    tensors: tuple[tf.TensorSpec, ...]
    call: Any
    loaded: Any

    @property
    def output(self) -> str:
        """Name of the prediction, as in the SavedModel's signatures."""
        return prediction_key(self.label)

    @property
    def label_column(self) -> str:
        """Name of the label among the transformed columns."""
        return transformed(self.label.column)

    @property
    def feature_spec(self) -> dict[str, tf.io.FixedLenFeature]:
        """How transformed examples are read: the inputs and the label."""
        kind = tf.float32 if self.label.task == "regression" else tf.int64
        pairs = zip(self.inputs, self.tensors, strict=True)
        found = {name: tf.io.FixedLenFeature(spec.shape[1:], spec.dtype) for name, spec in pairs}
        return {**found, self.label_column: tf.io.FixedLenFeature([1], kind)}

    def __call__(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """The predictions `(rows, width)` for transformed columns."""
        tensors = [tf.constant(columns[name]) for name in self.inputs]
        return self.call(*tensors)[self.output].numpy()

    def save(self, folder: str) -> None:
        """Writes a SavedModel of the network alone, without tables that look up texts."""
        alone = tf.Module()
        alone.weights = list(getattr(self.loaded, WEIGHTS).values())
        tf.saved_model.save(alone, folder, signatures={SIGNATURE: self.call})


def load(folder: pathlib.Path) -> Network:
    """The network of a SavedModel that `modules.export` wrote.

    Raises:
        SpecError: if two columns get the same name, as TensorFlow allows few characters in it.
    """
    loaded = tf.saved_model.load(str(folder))
    label = Interface.model_validate_json((folder / Interface.FILE).read_text("utf-8")).label
    predict = loaded.predict_transformed
    ((columns,), _) = predict.concrete_functions[0].structured_input_signature
    inputs = {name: argument_name(name) for name in columns}
    _check_differ(inputs)
    tensors = tuple(
        tf.TensorSpec(spec.shape, spec.dtype, name=inputs[name]) for name, spec in columns.items()
    )

    @tf.function(input_signature=tensors, autograph=False)
    def call(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        prediction = predict(dict(zip(inputs, tensors, strict=True)))
        return {prediction_key(label): prediction}

    return Network(folder, label, inputs, tensors, call, loaded)


def _check_differ(inputs: Mapping[str, str]) -> None:
    by_argument: dict[str, str] = {}
    problems = []
    for column, argument in inputs.items():
        other = by_argument.setdefault(argument, column)
        if other != column:
            problems.append(
                f"export.formats: transformed column {column!r} is {argument!r} in a converted "
                f"model, as {other!r} is; rename one in preprocessing.function"
            )
    if problems:
        raise SpecError(problems)
