"""A pushed model in a folder of its own, and the command that scores with it."""

import json
import math
import shutil

import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from click.testing import CliRunner

from pipeline.cli import main

FEATURES = {
    "x": {"kind": "numeric"},
    "carrier": {"kind": "categorical"},
    "sched dep": {"kind": "timestamp"},
}
TRAIN = [
    {"x": 1.0, "carrier": "UA", "sched dep": "2013-01-01T05:15:00", "late": "1"},
    {"x": 2.0, "carrier": "AA", "sched dep": "2013-06-01T12:00:00", "late": "0"},
    {"x": 4.0, "carrier": "UA", "sched dep": "2013-09-01T18:30:00", "late": "1"},
]


@pytest.fixture(scope="session")
def model(exported):
    """Folder of a SavedModel that says whether a flight is late."""
    return exported(FEATURES, TRAIN, {"column": "late", "task": "binary"})


@pytest.fixture
def here(model, tmp_path, monkeypatch):
    """The current folder: empty but for a pushed version in `runs/serving`."""
    shutil.copytree(model, tmp_path / "runs" / "serving" / "1700000000")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def predict(here):
    """Runs the command in the current folder."""

    def predict(*arguments):
        return CliRunner().invoke(main, ["predict", *map(str, arguments)])

    return predict


@pytest.fixture(scope="session")
def by_hand(model):
    """The probability that TensorFlow alone gives for each of some rows, in one call."""
    loaded = tf.saved_model.load(str(model))

    def by_hand(rows):
        inputs = {"x": [], "carrier": [], "sched_dep": []}
        for row in rows:
            inputs["x"].append([row.get("x", math.nan)])
            inputs["carrier"].append([row.get("carrier", "")])
            inputs["sched_dep"].append([row.get("sched dep", "")])
        tensors = {
            name: tf.constant(column, tf.float32 if name == "x" else tf.string)
            for name, column in inputs.items()
        }
        answer = loaded.signatures["serving_raw"](**tensors)
        return answer["probability"].numpy().ravel().tolist()

    return by_hand


@pytest.fixture
def scored(here):
    """The columns of a file of scores."""

    def scored(name="scores.parquet"):
        if name.endswith(".parquet"):
            return pq.read_table(here / name).to_pydict()
        lines = [json.loads(line) for line in (here / name).read_text().splitlines()]
        return {key: [line[key] for line in lines] for key in lines[0]}

    return scored
