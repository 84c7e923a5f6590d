"""LiteRT files (.tflite): made by TensorFlow's own converter, run by its interpreter."""

import contextlib
import pathlib
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated

from components.converter.config import INT8, Format
from components.converter.network import SIGNATURE, Network, Unconvertible

# What is computed in 8 bits; all else stays float32. Models quantized in full were useless:
# docs/decisions/formats.md.
_IN_8_BITS = {"FULLY_CONNECTED", "GATHER"}  # dense layers; rows of embeddings
# How the converter lists what LiteRT has no operation of its own for.
_UNKNOWN = re.compile(r"^(?:TF Select|Custom) ops: (.+)$", re.MULTILINE)


def convert(network: Network, name: Format, rows: Mapping[str, np.ndarray]) -> bytes:
    """The file of a format.

    Args:
        network: what is converted.
        name: `litert`: float32. `litert-float16`: weights of half the size, computed in float32.
            `litert-int8`: dense layers in 8 bits, embeddings stored so; inputs and the prediction
            keep their types.
        rows: transformed columns of the train split, which ranges of int8 are taken from.

    Raises:
        Unconvertible: if LiteRT lacks an operation that the network uses, or nothing in it is
            computed in 8 bits.
    """
    builtins = tf.lite.OpsSet.TFLITE_BUILTINS
    with tempfile.TemporaryDirectory() as folder:
        network.save(folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        # No TensorFlow operations: the runtime of phones and browsers has none.
        converter.target_spec.supported_ops = [builtins]
        if name != "litert":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if name == "litert-float16":
            converter.target_spec.supported_types = [tf.float16]
        if name == INT8:
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, builtins]
            converter.representative_dataset = lambda: _single(network, rows)
        try:
            with _its_interpreter():
                return _in_part(converter) if name == INT8 else converter.convert()
        except Exception as error:
            if unknown := _UNKNOWN.findall(str(error)):
                raise Unconvertible(f"LiteRT has no {', '.join(unknown)}") from error
            if "is in debug mode" in str(error):  # what the debugger says of it
                raise Unconvertible("it has no dense layer") from error
            raise


def _in_part(converter: Any) -> bytes:
    """The file with `_IN_8_BITS` alone quantized: only the debugger can be told of operations."""
    operations = {name for name in vars(schema_py_generated.BuiltinOperator) if name.isupper()}
    options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_ops=sorted(operations - _IN_8_BITS)
    )
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter,
        debug_dataset=converter.representative_dataset,
        debug_options=options,
    )
    return debugger.get_nondebug_quantized_model()


@contextlib.contextmanager
def _its_interpreter() -> Iterator[None]:
    """Where TensorFlow's interpreter is made, which says that 2.20 is to delete it; 2.21 has it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter", UserWarning)
        yield


def _single(network: Network, rows: Mapping[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    """One row after the other, as the converter wants them."""
    for place in range(len(next(iter(rows.values())))):
        yield {
            argument: np.ascontiguousarray(rows[column][place : place + 1])
            for column, argument in network.inputs.items()
        }


class Interpreter:
    """A LiteRT file, ready to predict, on one processor."""

    def __init__(self, file: pathlib.Path, network: Network) -> None:
        """Takes the file, and the network that it was made from."""
        with _its_interpreter():
            self._model: Any = tf.lite.Interpreter(str(file), num_threads=1)
        runner = self._model.get_signature_runner(SIGNATURE)
        places = runner.get_input_details()
        # A column that the network ignores is no input of the file.
        self._places = {
            column: places[argument]["index"]
            for column, argument in network.inputs.items()
            if argument in places
        }
        self._output = runner.get_output_details()[network.output]["index"]
        self._rows = 0

    def __call__(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """The predictions `(rows, width)` for transformed columns."""
        given = {place: columns[column] for column, place in self._places.items()}
        rows = len(next(iter(given.values())))
        if rows != self._rows:
            for place, column in given.items():
                self._model.resize_tensor_input(place, column.shape)
            self._model.allocate_tensors()
            self._rows = rows
        for place, column in given.items():
            self._model.set_tensor(place, column)
        self._model.invoke()
        return self._model.get_tensor(self._output)
