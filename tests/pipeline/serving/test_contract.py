"""Requests that TensorFlow Serving documents, and its answers to them."""

import json
import pathlib

import pytest
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

FILE = pathlib.Path(__file__).with_name("contract.json")
CASES = json.loads(FILE.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_request_is_answered_as_by_tensorflow_serving(server, case):
    path = case.get("path", "/v1/models/m:predict")

    answer = server.ask(case.get("method", "POST"), path, case.get("body"))

    assert answer.status == case.get("status", 200), answer.body
    assert answer.headers["Content-Type"].startswith("application/json")
    if answer.status != 200:
        assert list(answer.json) == ["error"]
        assert case.get("error", "") in answer.error
    else:
        text = case.get("answer_text", json.dumps(case.get("answer")))
        assert answer.json == json.loads(text, parse_constant=str)


def test_the_status_is_the_message_of_tensorflow_serving(server):
    told = server.ask("GET", "/v1/models/m").json

    message = json_format.ParseDict(told, get_model_status_pb2.GetModelStatusResponse())

    (version,) = message.model_version_status
    assert (version.version, version.state) == (123, version.AVAILABLE)


@pytest.mark.parametrize("path", ["/v1/models/m/metadata", "/v1/models/m/versions/123/metadata"])
def test_the_metadata_tell_every_signature(server, path):
    told = server.ask("GET", path).json

    assert told["model_spec"] == {"name": "m", "signature_name": "", "version": "123"}
    signatures = told["metadata"]["signature_def"]
    message = json_format.ParseDict(signatures, get_model_metadata_pb2.SignatureDefMap())
    matrix = signatures["signature_def"]["matrix"]
    assert matrix["method_name"] == "tensorflow/serving/predict"
    assert matrix["inputs"]["x"]["tensor_shape"] == {
        "dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}],
        "unknown_rank": False,
    }
    assert message.signature_def["serving_default"].inputs["x"].tensor_shape.unknown_rank


@pytest.mark.parametrize("path", ["/v1/models/foo/metadata", "/v1/models/m/versions/9/metadata"])
def test_there_are_no_metadata_of_what_is_not_served(server, path):
    assert server.ask("GET", path).status == 404
