"""Small SavedModels, and a server in a thread that is asked over HTTP."""

import asyncio
import contextlib
import dataclasses
import http.client
import json
import pathlib
import socket
import threading
from typing import Any

import tensorflow as tf
from aiohttp import web

from modules.spec.label import Label
from modules.spec.learning import Interface
from pipeline.serving.app import Address, Limits, Server
from pipeline.serving.metrics import Metrics
from pipeline.serving.versions import Versions

COLUMNS = {"distance": "number", "air time": "number", "carrier": "text"}  # raw name to type
LABEL = Label(column="late", task="binary")


def half_plus_two(folder):
    """TensorFlow Serving's toy, with signatures for what else its documentation shows."""
    module = tf.Module()
    signatures = {
        "serving_default": ([spec("x", None)], lambda x: {"y": x / 2 + 2}),
        "two_outputs": ([spec("x", [None])], lambda x: {"half": x / 2, "whole": x}),
        "columns": (
            [
                spec("tag", [None], tf.string),
                spec("signal", [None, 5]),
                spec("sensor", [None, 2, 2], tf.int32),
            ],
            lambda tag, signal, sensor: {
                "tag": tag,
                "sum": tf.reduce_sum(signal, 1),
                "sensor": sensor,
            },
        ),
        "bytes": ([spec("text", [None], tf.string)], lambda text: {"image_bytes": text}),
        "lengths": (
            [spec("text", None, tf.string)],
            lambda text: {"length": tf.strings.length(text)},
        ),
        "integers": ([spec("n", [None], tf.int64)], lambda n: {"n": n + 1}),
        "doubles": ([spec("d", [None], tf.float64)], lambda d: {"d": d}),
        "yes": ([spec("b", [None], tf.bool)], lambda b: {"no": tf.logical_not(b)}),
        "scalar": ([spec("x", [None])], lambda x: {"sum": tf.reduce_sum(x)}),
        "matrix": ([spec("x", [None, 1])], lambda x: {"y": x * 2}),
    }
    save(module, folder, signatures)
    return folder


def numbered(folder, number):
    """A model that answers its number for each row."""
    signature = ([spec("x", [None])], lambda x: {"y": x * 0 + number})
    save(tf.Module(), folder, {"serving_default": signature})
    return folder


def like_headrace(folder):
    """A model with the signatures that modules/export.py makes: the distance, or -1 if missing."""

    def score(distance, air_time, carrier):
        known = tf.where(tf.math.is_finite(distance), distance, -1)
        return {"probability": known, "carrier": carrier}

    def on_examples(examples):
        absent = {"number": (tf.float32, float("nan")), "text": (tf.string, "")}
        features = {
            name: tf.io.FixedLenFeature([1], *absent[kind]) for name, kind in COLUMNS.items()
        }
        parsed = tf.io.parse_example(examples, features)
        return score(parsed["distance"], parsed["air time"], parsed["carrier"])

    raw = [
        spec("distance", [None, 1]),
        spec("air_time", [None, 1]),
        spec("carrier", [None, 1], tf.string),
    ]
    signatures = {
        "serving_default": ([spec("examples", [None], tf.string)], on_examples),
        "serving_raw": (raw, score),
    }
    save(tf.Module(), folder, signatures)
    interface = folder / Interface.FILE
    interface.parent.mkdir()
    interface.write_text(Interface(label=LABEL, columns=COLUMNS).model_dump_json())
    return folder


def spec(name, shape, dtype=tf.float32):
    return tf.TensorSpec(shape, dtype, name=name)


def save(module, folder, signatures):
    functions = {
        name: tf.function(function, input_signature=specs, autograph=False)
        for name, (specs, function) in signatures.items()
    }
    module.functions = list(functions.values())
    tf.saved_model.save(module, str(folder), signatures=functions)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self):
        """The body; NaN and Infinity are texts, so that they equal themselves."""
        return json.loads(self.body, parse_constant=str)

    @property
    def error(self):
        return self.json["error"]


@dataclasses.dataclass(frozen=True)
class Running:
    """A server, and what it has said."""

    address: Address
    versions: Versions
    metrics: Metrics
    said: list[str]

    def ask(self, method, path, body=None, headers=None, connection=None):
        """Sends a request; a body that is no bytes is sent as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        own = connection or self.connect()
        try:
            own.request(method, path, body, headers or {})
            response = own.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            if connection is None:
                own.close()

    def predict(self, body, **how):
        return self.ask("POST", "/v1/models/m:predict", body, **how)

    def connect(self):
        return http.client.HTTPConnection(self.address.host, self.address.port, timeout=60)

    def metric(self, line):
        """The value of a line of /metrics, by what is before it."""
        lines = self.ask("GET", "/metrics").body.decode().splitlines()
        (found,) = [each for each in lines if each.startswith(f"{line} ")]
        return float(found.rpartition(" ")[2])


@contextlib.contextmanager
def served(folder: pathlib.Path, log=None, limits=None):
    """A server of the model `m` in the folder; it looks for versions when it is told to."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = Address(*listener.getsockname())
    said: list[str] = []
    metrics = Metrics()
    versions = Versions(folder, said.append, metrics.loaded)
    versions.look()
    app = Server("m", versions, metrics, address, log, limits or Limits()).app()
    begun = threading.Event()
    stopping = []  # (loop, event)

    async def serve():
        stop = asyncio.Event()
        stopping.append((asyncio.get_running_loop(), stop))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        begun.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert begun.wait(30)
    try:
        yield Running(address, versions, metrics, said)
    finally:
        ((loop, stop),) = stopping
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        listener.close()
