"""The server under requests that are too large, too many, too slow, or not meant for it."""

import html
import http.client
import json
import re
import shlex
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.serving.app import Limits
from pipeline.serving.guard import check_headers
from pipeline.serving.model import Model
from tests.pipeline.serving.models import like_headrace, served
from tests.pipeline.serving.test_request import BODIES

LINE = {"instances": [1.0, 2.0]}


@pytest.fixture
def release(monkeypatch):
    """An event: models that have been loaded wait for it before each answer."""
    event, predict = threading.Event(), Model.predict

    def wait(model, asked):
        event.wait(60)
        return predict(model, asked)

    event.set()  # for the call that warms a model
    monkeypatch.setattr(Model, "predict", wait)
    yield event
    event.set()


def test_a_body_beyond_the_limit_is_refused(toy):
    with served(toy, limits=Limits(body_bytes=100)) as server:
        assert server.predict(LINE).status == 200
        answer = server.predict({"instances": [1.0] * 50})

    assert answer.status == 413
    assert answer.error == "the body has more than 100 bytes: ask in parts"


def test_a_compressed_body_counts_by_what_is_in_it(toy):
    import gzip

    many = gzip.compress(json.dumps({"instances": [1.0] * 5000}).encode())
    few = gzip.compress(json.dumps(LINE).encode())
    with served(toy, limits=Limits(body_bytes=1000)) as server:
        refused = server.predict(many, headers={"Content-Encoding": "gzip"})
        answered = server.predict(few, headers={"Content-Encoding": "gzip"})
        broken = server.predict(few[:10] + b"!" * 20, headers={"Content-Encoding": "gzip"})

    assert refused.status == 413
    assert answered.json == {"predictions": [2.5, 3.0]}
    assert broken.status == 400


def test_too_many_at_once_are_told_to_come_back(toy, release):
    with served(toy, limits=Limits(at_once=2)) as server:
        release.clear()
        answers = []
        waiting = [
            threading.Thread(target=lambda: answers.append(server.predict(LINE))) for _ in range(2)
        ]
        for each in waiting:
            each.start()
        while server.metric("headrace_predict_at_once") < 2:
            pass
        refused = server.predict(LINE)
        release.set()
        for each in waiting:
            each.join()
        after = server.predict(LINE)

    assert refused.status == 503
    assert refused.headers["Retry-After"] == "1"
    assert [each.status for each in answers] == [200, 200]
    assert after.status == 200


def test_what_was_begun_is_answered_when_the_server_ends(toy, release):
    answers = []
    with served(toy) as server:
        release.clear()
        client = threading.Thread(target=lambda: answers.append(server.predict(LINE)))
        client.start()
        while server.metric("headrace_predict_at_once") < 1:
            pass
        threading.Timer(0.2, release.set).start()
    client.join()

    assert [each.status for each in answers] == [200]


def test_an_answer_that_takes_too_long_is_given_up(toy, release):
    with served(toy, limits=Limits(answer_seconds=0.2)) as server:
        release.clear()
        late = server.predict(LINE)
        release.set()
        while server.predict(LINE).status != 200:
            pass

    assert late.status == 504
    assert late.error == "there is no answer within 0.2 s"


def test_a_body_that_does_not_come_is_given_up(toy):
    head = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"
    with (
        served(toy, limits=Limits(read_seconds=0.2)) as server,
        socket.create_connection((server.address.host, server.address.port)) as connection,
    ):
        connection.sendall(head)
        response = http.client.HTTPResponse(connection)
        response.begin()
        told = json.loads(response.read())

    assert response.status == 408
    assert told == {"error": "the body did not come within 0.2 s"}


def test_a_fault_of_ours_is_told_and_the_next_request_answered(toy, monkeypatch, caplog):
    def fail(model, asked):
        raise RuntimeError("out of luck")

    with served(toy) as server:
        with monkeypatch.context() as patched:
            patched.setattr(Model, "predict", fail)
            failed = server.predict(LINE)
        after = server.predict(LINE)

    assert (failed.status, failed.error) == (500, "RuntimeError: out of luck")
    assert after.status == 200
    assert "out of luck" in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:8501"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost", "Origin": "https://evil.example"},
        {"Host": "localhost", "Origin": "null"},
        {"Host": "["},
        {"Host": ""},
    ],
)
def test_a_web_page_of_others_cannot_ask(server, headers):
    answer = server.predict(LINE, headers=headers)

    assert answer.status == 403
    assert "localhost only" in answer.error


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1:8501", "[::1]:8501"])
def test_this_machine_can_ask_by_any_of_its_names(server, host):
    headers = {"Host": host, "Origin": f"http://{host}"}

    assert server.predict(LINE, headers=headers).status == 200


def test_a_server_for_others_answers_by_any_name():
    check_headers({"Host": "models.example"}, "0.0.0.0")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/", 405),
        ("GET", "/v1", 400),
        ("GET", "/v1/models", 400),
        ("DELETE", "/v1/models/m", 400),
        ("POST", "/v1/models/m:regress", 400),
        ("GET", "/v1/models/%2e%2e/%2e%2e", 400),
        ("GET", "/v1/models/%ff%00", 404),
        ("GET", "/v1/../metrics/x", 400),
    ],
)
def test_every_refusal_is_json(server, method, path, status):
    answer = server.ask(method, path)

    assert (answer.status, list(answer.json)) == (status, ["error"])


@given(BODIES)
@settings(max_examples=60)
def test_no_body_is_a_fault_of_the_server(flights_server, body):
    answer = flights_server.predict(body)

    assert answer.status == 200 or 400 <= answer.status < 500, answer.body
    assert isinstance(answer.json, dict)


@given(st.binary())
@settings(max_examples=60)
def test_no_example_is_a_fault_of_the_server(flights_server, content):
    import base64

    row = {"b64": base64.b64encode(content).decode()}

    answer = flights_server.predict({"instances": [row]})

    assert answer.status in (200, 400)
    assert list(answer.json) == ["predictions" if answer.status == 200 else "error"]


@pytest.fixture(scope="module")
def flights_server(flights):
    with served(flights) as running:
        yield running


def test_what_the_model_cannot_take_is_said_in_a_sentence(flights_server):
    answer = flights_server.predict({"instances": ["no tf.Example"]})

    assert answer.status == 400
    assert answer.error.startswith("the model cannot answer: ")
    assert "\n" not in answer.error
    assert "{{" not in answer.error


def test_missing_values_come_to_the_model_as_missing(flights_server):
    row = '{"distance": [NaN], "air_time": [1.0], "carrier": [""]}'

    answer = flights_server.predict(f'{{"signature_name": "serving_raw", "instances": [{row}]}}')

    assert answer.json == {"predictions": [{"probability": [-1.0], "carrier": [""]}]}


def test_the_page_has_a_command_that_works_and_nothing_that_runs(flights_server):
    answer = flights_server.ask("GET", "/")
    text = answer.body.decode()

    command = html.unescape(re.search("<pre>(.*)</pre>", text, re.DOTALL)[1])
    curl, option, body, url = shlex.split(command)

    assert (curl, option) == ("curl", "-d")
    assert url == f"{flights_server.address}/v1/models/m:predict"
    assert flights_server.predict(body).json == {
        "predictions": [{"probability": [1.0], "carrier": [""]}]
    }
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_names_on_the_page_are_no_html(tmp_path):
    folder = like_headrace(tmp_path / "<b>" / "1").parent
    (folder / "2").mkdir()
    (folder / "2" / "saved_model.pb").write_bytes(b"<script>alert(1)</script>")

    with served(folder) as server:
        text = server.ask("GET", "/").body.decode()

    assert "Version 2 cannot be served" in text
    assert "<script>" not in text
    assert "<b>" not in text


def test_prometheus_is_told(toy):
    with served(toy) as server:
        server.predict(LINE)
        server.predict({"instances": ["a"]})
        server.ask("GET", "/v1/models/other")

        assert server.metric('headrace_requests_total{code="200"}') == 1
        assert server.metric('headrace_requests_total{code="400"}') == 1
        assert server.metric('headrace_requests_total{code="404"}') == 1
        assert server.metric("headrace_rows_total") == 2
        assert server.metric("headrace_predict_seconds_count") == 1
        assert server.metric("headrace_model_version") == 123
        assert server.metric('headrace_model_loads_total{outcome="loaded"}') == 1
        assert server.metric('headrace_model_loads_total{outcome="failed"}') == 0
