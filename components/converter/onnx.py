"""ONNX files: made by tf2onnx, run by ONNX Runtime."""

import pathlib
from collections.abc import Mapping

import numpy as np

from components.converter.network import Network, Unconvertible

_OPSET = 18  # the newest that tf2onnx 1.17 writes; ONNX Runtime has read it since 1.14 (2023)


def convert(network: Network) -> bytes:
    """The file.

    Raises:
        Unconvertible: if ONNX lacks an operation that the network uses.
    """
    # Late: packages of the extra `formats`, which most do without.
    import onnx
    import tf2onnx

    made, _ = tf2onnx.convert.from_function(
        network.call, input_signature=network.tensors, opset=_OPSET
    )
    # tf2onnx only logs what it does not know, and leaves TensorFlow's operation in the file.
    nodes = [*made.graph.node, *(node for own in made.functions for node in own.node)]
    unknown = {node.op_type for node in nodes if not onnx.defs.has(node.op_type, node.domain)}
    if unknown:
        raise Unconvertible(f"tf2onnx has no ONNX for {', '.join(sorted(unknown))}")
    return made.SerializeToString()


class Session:
    """An ONNX file, ready to predict, on one processor."""

    def __init__(self, file: pathlib.Path, network: Network) -> None:
        """Takes the file, and the network that it was made from."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )
        # A column that the network ignores is no input of the file.
        taken = {each.name for each in self._session.get_inputs()}
        self._inputs = {
            column: argument for column, argument in network.inputs.items() if argument in taken
        }
        self._output = network.output

    def __call__(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """The predictions `(rows, width)` for transformed columns."""
        given = {argument: columns[column] for column, argument in self._inputs.items()}
        (predictions,) = self._session.run([self._output], given)
        return predictions
