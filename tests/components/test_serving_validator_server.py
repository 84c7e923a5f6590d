"""A model is asked through TensorFlow Serving where that is on PATH.

There is none on the machines that run these tests: a stand-in (`model_server.py`) speaks its REST
and gRPC.
"""

import os
import pathlib
import sys

import numpy as np
import psutil
import pytest

from components.serving_validator import server
from components.serving_validator.rows import read
from components.serving_validator.validating import validate
from tests.components import model_server, served
from tests.components.served import INTERFACE, settings


@pytest.fixture(scope="module")
def scene(tmp_path_factory, serialized):
    return served.scene(tmp_path_factory.mktemp("served"), serialized)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a program called tensorflow_model_server on PATH."""

    def install(text):
        folder = tmp_path / "bin"
        folder.mkdir()
        binary = folder / "tensorflow_model_server"
        binary.write_text(text)
        binary.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return binary

    return install


@pytest.fixture
def stand_in(install):
    return install(f"#!{sys.executable}\n{pathlib.Path(model_server.__file__).read_text()}")


def test_a_model_is_asked_over_rest_and_grpc_and_the_server_is_ended(scene, stand_in, tmp_path):
    model = served.save(tmp_path / "model")
    rows = read([scene.rows], INTERFACE.columns, 4)

    answered = server.ask(str(stand_in), str(model), rows, 60)

    # sigmoid of 0 + 1, 1 + 0, -2 + 0, and of a missing number, 0, + 1
    expected = 1 / (1 + np.exp([[-1.0], [-1.0], [2.0], [-1.0]]))
    assert set(answered) == {
        (signature, way)
        for signature in ("serving_default", "serving_raw")
        for way in ("REST", "gRPC")
    }
    for (_, way), outputs in answered.items():
        (name,) = outputs
        assert name == ("" if way == "REST" else "probability")
        assert outputs[name] == pytest.approx(expected, abs=1e-6)
    assert not psutil.pid_exists(int(stand_in.with_name("server.pid").read_text()))


def test_a_good_model_is_blessed_with_the_name_of_the_server_that_was_asked(
    scene, stand_in, tmp_path
):
    found = validate(scene.subject(served.save(tmp_path / "model")), settings())

    assert (found.reasons, found.server) == ([], "tensorflow_model_server")
    assert stand_in.with_name("server.pid").exists()


def test_a_server_that_ends_before_it_serves_is_a_reason_with_its_last_words(
    scene, install, tmp_path
):
    install("#!/bin/sh\necho no version below $1 >&2\nexit 3\n")

    found = validate(scene.subject(served.save(tmp_path / "model")), settings())

    (reason,) = found.reasons
    assert reason.startswith(
        "tensorflow_model_server: ended with exit code 3 before it served; the last it said: no "
        "version below --model_base_path="
    )


def test_a_server_that_does_not_get_ready_is_ended(scene, install, tmp_path):
    binary = install('#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 600\n')
    rows = read([scene.rows], INTERFACE.columns, 4)

    with pytest.raises(server.ServerError, match=r"had not loaded the model after 0\.01 minutes"):
        server.ask(str(binary), str(served.save(tmp_path / "model")), rows, 0.6)

    pid = int(pathlib.Path(f"{binary}.pid").read_text())
    assert not psutil.pid_exists(pid)


def test_a_request_that_the_server_refuses_is_told(scene, stand_in, tmp_path):
    model = served.save(tmp_path / "model", without=["serving_raw"])
    rows = read([scene.rows], INTERFACE.columns, 4)

    with pytest.raises(server.ServerError) as refused:
        server.ask(str(stand_in), str(model), rows, 60)

    assert "POST /v1/models/model:predict: answered 400" in str(refused.value)
    assert "serving_raw" in str(refused.value)
