"""Asks a model through TensorFlow Serving, over REST and over gRPC."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from components.serving_validator.asking import environment
from components.serving_validator.rows import Rows

_NAME = "model"  # what the server calls it
_LOG, _SOCKET = "log.txt", "grpc.sock"
_LAST_LINES = 3
_PAUSE_SECONDS = 0.1  # between two looks whether it has loaded the model
_STATUS_SECONDS = 5  # that it may take to say whether it has
_END_SECONDS = 5  # that it is given to end by itself

Answers = dict[tuple[str, str], dict[str, np.ndarray]]  # by signature and `REST` or `gRPC`


class ServerError(Exception):
    """The server does not start, or refuses; says so in a sentence."""


def ask(binary: str, model: str, rows: Rows, seconds: float) -> Answers:
    """What a server answers for some rows, asked all at once.

    The server runs while it is asked and no longer. gRPC goes through a socket file. For REST the
    server knows ports only, and no address to listen at: the port is open on all of the machine's.

    Args:
        binary: the server, `tensorflow_model_server`.
        model: folder of the SavedModel.
        rows: that it is asked.
        seconds: that it may take to load the model, and for each answer.

    Raises:
        ServerError: if it does not start in time, or refuses a request.
    """
    found: Answers = {}
    with _serving(binary, model, seconds) as (port, place):
        for signature, inputs in _inputs(rows).items():
            found[signature, "REST"] = _over_rest(port, signature, inputs, seconds)
            found[signature, "gRPC"] = _over_grpc(place, signature, inputs, seconds)
    return found


def _inputs(rows: Rows) -> dict[str, dict[str, np.ndarray]]:
    """By signature, what it is given, by name; text as objects of bytes, so that none is cut."""
    raw = {
        name: tensor if tensor.dtype == np.float32 else tensor.astype(object)
        for name, tensor in rows.tensors.items()
    }
    return {
        "serving_default": {"examples": np.array(rows.examples, object)},
        "serving_raw": raw,
    }


@contextlib.contextmanager
def _serving(binary: str, model: str, seconds: float) -> Iterator[tuple[int, str]]:
    """A server that has loaded the model: its port for REST, and its address for gRPC."""
    with tempfile.TemporaryDirectory(prefix="headrace-server-") as name:
        folder = pathlib.Path(name)
        versions, place = folder / "versions", folder / _SOCKET
        versions.mkdir()
        (versions / "1").symlink_to(pathlib.Path(model).absolute(), target_is_directory=True)
        port = _free_port()
        words = [
            f"--model_base_path={versions}",
            f"--model_name={_NAME}",
            f"--rest_api_port={port}",
            "--port=0",  # no gRPC on the network
            f"--grpc_socket_path={place}",
        ]
        with (folder / _LOG).open("wb") as log:
            process = subprocess.Popen(
                [binary, *words],
                env=environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait(process, port, folder / _LOG, seconds)
            yield port, f"unix:{place}"
        finally:
            _end(process)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: pathlib.Path, seconds: float) -> None:
    """Waits until the server has loaded the model."""
    until = time.monotonic() + seconds
    while True:
        code = process.poll()
        if code is not None:
            raise ServerError(f"ended with exit code {code} before it served{_said(log)}")
        with contextlib.suppress(ServerError, LookupError):
            status = _request(port, "GET", f"/v1/models/{_NAME}", None, _STATUS_SECONDS)
            if status["model_version_status"][0]["state"] == "AVAILABLE":
                return
        if time.monotonic() > until:
            raise ServerError(
                f"had not loaded the model after {seconds / 60:g} minutes{_said(log)}. Make the "
                f"model smaller, or raise serving.timeout_minutes"
            )
        time.sleep(_PAUSE_SECONDS)


def _said(log: pathlib.Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
    return f"; the last it said: {' | '.join(lines)}" if lines else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _over_rest(
    port: int, signature: str, inputs: Mapping[str, np.ndarray], seconds: float
) -> dict[str, np.ndarray]:
    """The outputs by name; a single one comes without its name, and is called ""."""
    body = {
        "signature_name": signature,
        "inputs": {name: _as_json(tensor.tolist()) for name, tensor in inputs.items()},
    }
    answer = _request(port, "POST", f"/v1/models/{_NAME}:predict", body, seconds)
    found = answer.get("outputs", {})
    named = found if isinstance(found, dict) else {"": found}
    return {name: np.array(values) for name, values in named.items()}


def _as_json(value: Any) -> Any:
    """Bytes as TensorFlow Serving takes them; NaN stays, which it reads though JSON has none."""
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _request(port: int, method: str, path: str, body: Any, seconds: float) -> Any:
    """The JSON that the server answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        headers = {"Content-Type": "application/json"}
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, headers)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise ServerError(f"{method} {path}: {error}") from None
    finally:
        connection.close()
    if response.status != http.client.OK:
        said = content.decode("utf-8", "replace")[:300]
        raise ServerError(f"{method} {path}: answered {response.status}: {said}")
    try:
        return json.loads(content)
    except ValueError as error:
        raise ServerError(f"{method} {path}: answered no JSON: {error}") from None


def _over_grpc(
    place: str, signature: str, inputs: Mapping[str, np.ndarray], seconds: float
) -> dict[str, np.ndarray]:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = _NAME
    request.model_spec.signature_name = signature
    for name, tensor in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(tensor))
    with grpc.insecure_channel(place) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            answer = stub.Predict(request, timeout=seconds)
        except grpc.RpcError as error:
            raise ServerError(f"gRPC Predict of {signature}: {error.details()}") from None
    return {name: tf.make_ndarray(tensor) for name, tensor in answer.outputs.items()}
