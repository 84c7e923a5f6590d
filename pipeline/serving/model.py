"""One version of a model, loaded: what it takes, and what it answers."""

import dataclasses
import http
import pathlib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pydantic
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2

from modules.spec.learning import Interface
from pipeline.serving.folders import GRAPH
from pipeline.serving.kind import Inputs, Kind
from pipeline.serving.refusal import Refused
from pipeline.serving.request import Asked
from pipeline.serving.signatures import DEFAULT, RAW

_STATUS = {  # of TensorFlow's errors, as TensorFlow Serving has them (model_servers/http_server.cc)
    tf.errors.InvalidArgumentError: http.HTTPStatus.BAD_REQUEST,
    tf.errors.OutOfRangeError: http.HTTPStatus.BAD_REQUEST,
    tf.errors.FailedPreconditionError: http.HTTPStatus.BAD_REQUEST,
    tf.errors.NotFoundError: http.HTTPStatus.NOT_FOUND,
    tf.errors.ResourceExhaustedError: http.HTTPStatus.TOO_MANY_REQUESTS,
    tf.errors.UnimplementedError: http.HTTPStatus.NOT_IMPLEMENTED,
}


@dataclasses.dataclass(frozen=True)
class Model:
    """A version that can answer; all of it is in memory, so that its folder may go.

    Attributes:
        version: its number.
        signatures: what each takes.
        metadata: of each signature, as TensorFlow Serving's metadata has it.
        interface: what a model of Headrace says of itself; None of another's.
    """

    version: int
    signatures: Mapping[str, Inputs]
    metadata: dict[str, Any]
    interface: Interface | None
    _loaded: Any  # keeps the variables of the signatures alive

    def predict(self, asked: Asked) -> dict[str, np.ndarray]:
        """The outputs of a signature, by name.

        Raises:
            Refused: if the graph cannot take the values, for example bytes that are no tf.Example.
        """
        kinds = self.signatures[asked.signature]
        tensors = {
            name: tf.constant(value, kinds[name].dtype) for name, value in asked.inputs.items()
        }
        try:
            outputs = self._loaded.signatures[asked.signature](**tensors)
        except tf.errors.OpError as error:
            status = _STATUS.get(type(error), http.HTTPStatus.INTERNAL_SERVER_ERROR)
            raise Refused(f"the model cannot answer: {_sentence(error.message)}", status) from error
        except UnicodeDecodeError:
            # TensorFlow 2.21 quotes bytes of the request in its error, and cannot read it then.
            raise Refused("the model cannot answer: it does not take these bytes") from None
        return {name: output.numpy() for name, output in outputs.items()}


def load(folder: pathlib.Path, version: int) -> Model:
    """Loads a version, and has it answer once, so that the first request does not wait.

    Raises:
        Exception: of many types, if it cannot be loaded or does not answer.
    """
    described = saved_model_pb2.SavedModel.FromString((folder / GRAPH).read_bytes())
    signatures = next(graph.signature_def for graph in described.meta_graphs if _serves(graph))
    loaded = tf.saved_model.load(str(folder))
    model = Model(
        version,
        {name: _inputs(loaded.signatures[name]) for name in loaded.signatures},
        {name: _described(signature) for name, signature in signatures.items()},
        _interface(folder),
        loaded,
    )
    for name in (DEFAULT, RAW):
        if name in model.signatures:
            model.predict(_row(model, name))
    return model


def _serves(graph: Any) -> bool:
    return "serve" in graph.meta_info_def.tags


def _inputs(signature: Any) -> Inputs:
    specs = signature.structured_input_signature[1]
    return {
        name: Kind(spec.dtype.name, None if spec.shape.rank is None else tuple(spec.shape))
        for name, spec in specs.items()
    }


def _described(signature: Any) -> dict[str, Any]:
    return json_format.MessageToDict(
        signature, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _interface(folder: pathlib.Path) -> Interface | None:
    try:
        return Interface.model_validate_json((folder / Interface.FILE).read_bytes())
    except (OSError, pydantic.ValidationError):
        return None


def _row(model: Model, signature: str) -> Asked:
    """A row of zeros and empty texts; an empty text is a tf.Example without a feature."""
    inputs = {}
    for name, kind in model.signatures[signature].items():
        shape = [length or 1 for length in kind.shape or (1,)]
        dtype = object if kind.dtype == "string" else kind.dtype
        inputs[name] = np.full(shape, b"" if dtype is object else 0, dtype)
    return Asked(signature, by_row=False, inputs=inputs)


def _sentence(message: str) -> str:
    """What TensorFlow says, without where in the graph."""
    return re.sub(r"\{\{.*?\}\}", "", message).strip().partition("\n")[0][:300]
