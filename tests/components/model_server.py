"""A strict stand-in for tensorflow_model_server: what its users' documentation says, and no more.

Takes the flags that the real one has, refuses others, serves the highest version below
`--model_base_path` over REST and, through `--grpc_socket_path`, PredictionService. Writes its
process id to `server.pid` beside itself.
"""

import argparse
import base64
import concurrent.futures
import http.server
import json
import os
import pathlib
import sys
from typing import Any

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


class Refused(ValueError):
    """What the real server answers with an error."""


class Model:
    """The model of a base path."""

    def __init__(self, base: pathlib.Path, name: str) -> None:
        versions = [entry for entry in base.iterdir() if entry.name.isdecimal()]
        if not versions:
            raise SystemExit(f"No versions of servable {name} found under base path {base}")
        latest = max(versions, key=lambda version: int(version.name))
        self.name = name
        self.signatures = tf.saved_model.load(str(latest)).signatures

    def predict(self, signature: str, inputs: dict[str, Any]) -> dict[str, tf.Tensor]:
        """The outputs by name; `inputs` are nested lists, or TensorProtos."""
        if signature not in self.signatures:
            raise Refused(f'Serving signature name: "{signature}" not found in signature def')
        called = self.signatures[signature]
        _, specs = called.structured_input_signature
        if set(inputs) != set(specs):
            raise Refused(f"input keys {sorted(inputs)}, expected {sorted(specs)}")
        tensors = {name: tf.constant(inputs[name], spec.dtype) for name, spec in specs.items()}
        return called(**tensors)


def decoded(value: Any) -> Any:
    """JSON's values with `{"b64": ...}` as bytes."""
    if isinstance(value, list):
        return [decoded(each) for each in value]
    if isinstance(value, dict):
        if list(value) != ["b64"]:
            raise Refused(f"JSON object: {value} does not hold one key b64")
        return base64.b64decode(value["b64"], validate=True)
    return value


def rest(model: Model) -> type[http.server.BaseHTTPRequestHandler]:
    """The handler of /v1/models/NAME and its :predict."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != f"/v1/models/{model.name}":
                return self.answer(404, {"error": "Malformed request"})
            status = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK"}}
            return self.answer(200, {"model_version_status": [status]})

        def do_POST(self) -> None:
            if self.path != f"/v1/models/{model.name}:predict":
                return self.answer(404, {"error": "Malformed request"})
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if set(body) != {"signature_name", "inputs"}:
                return self.answer(400, {"error": f"got the keys {sorted(body)}"})
            try:
                inputs = {name: decoded(value) for name, value in body["inputs"].items()}
                found = model.predict(body["signature_name"], inputs)
            except Refused as error:
                return self.answer(400, {"error": str(error)})
            told = {name: self.plain(tensor.numpy().tolist()) for name, tensor in found.items()}
            single = next(iter(told.values()))  # which goes without its name
            return self.answer(200, {"outputs": told if len(told) > 1 else single})

        def plain(self, value: Any) -> Any:
            if isinstance(value, list):
                return [self.plain(each) for each in value]
            return value.decode() if isinstance(value, bytes) else value

        def answer(self, status: int, body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    return Handler


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict, of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Answers a PredictRequest."""
        if request.model_spec.name != self.model.name:
            context.abort(grpc.StatusCode.NOT_FOUND, "Servable not found")
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        try:
            found = self.model.predict(request.model_spec.signature_name, inputs)
        except Refused as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        answer = predict_pb2.PredictResponse()
        for name, tensor in found.items():
            answer.outputs[name].CopyFrom(tf.make_tensor_proto(tensor))
        return answer


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for flag in ("model_base_path", "model_name", "grpc_socket_path"):
        parser.add_argument(f"--{flag}", required=True)
    for flag in ("port", "rest_api_port"):
        parser.add_argument(f"--{flag}", type=int, default=8500)
    given = parser.parse_args()
    pathlib.Path(sys.argv[0]).with_name("server.pid").write_text(str(os.getpid()))
    model = Model(pathlib.Path(given.model_base_path), given.model_name)
    service = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(model), service
    )
    service.add_insecure_port(f"unix:{given.grpc_socket_path}")
    service.start()
    http.server.ThreadingHTTPServer(("127.0.0.1", given.rest_api_port), rest(model)).serve_forever()


if __name__ == "__main__":
    main()
