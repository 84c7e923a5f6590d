"""A model that Headrace exports, asked over HTTP, answers as it does in Python."""

import base64

import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.export import export
from modules.preprocessing import transformed
from tests.pipeline.serving.models import served

FEATURES = {
    "body mass/g": {"kind": "numeric"},
    "carrier": {"kind": "categorical"},
    "departure": {"kind": "timestamp"},
}
ROWS = [
    {"body mass/g": 1.0, "carrier": "UA", "departure": "2013-01-01T06:00:00", "label": "0"},
    {"body mass/g": 3.0, "carrier": "AA", "departure": "2016-02-29", "label": "1"},
    {"label": "0"},
]


@pytest.fixture(scope="module")
def folder(transform, tmp_path_factory):
    """The folder of an exported model, version 1."""
    folder = tmp_path_factory.mktemp("exported")
    keras.utils.set_random_seed(0)
    rows = transform(FEATURES, ROWS, model={"hidden": [4]})
    model = rows.build(folder)
    columns = dict(rows.arrays)
    columns.pop(transformed("label"))
    model(columns)
    export(model, rows.output, rows.spec, folder / "1")
    return folder


@pytest.fixture(scope="module")
def server(folder):
    with served(folder) as running:
        yield running


@pytest.fixture(scope="module")
def expected(folder, serialized):
    """The probability of each row, `(3, 1)`, as the SavedModel itself gives it."""
    loaded = tf.saved_model.load(str(folder / "1"))
    examples = tf.constant([serialized(row) for row in ROWS])
    return loaded.signatures["serving_default"](examples=examples)["probability"].numpy()


def test_examples_in_base64(server, serialized, expected):
    rows = [{"b64": base64.b64encode(serialized(row)).decode()} for row in ROWS]

    answer = server.predict({"instances": rows}).json["predictions"]

    np.testing.assert_array_equal(np.float32(answer), expected)


def test_raw_columns_and_what_is_missing(server, expected):
    nan = float("nan")
    rows = [
        {
            "body_mass_g": [row.get("body mass/g", nan)],
            "carrier": [row.get("carrier", "")],
            "departure": [row.get("departure", "")],
        }
        for row in ROWS
    ]

    answer = server.predict({"signature_name": "serving_raw", "instances": rows}).json

    # another signature adds in another order: the last digit may differ
    np.testing.assert_allclose(np.float32(answer["predictions"]), expected, rtol=1e-6)


def test_what_the_model_sees(server, serialized):
    rows = [{"b64": base64.b64encode(serialized(row)).decode()} for row in ROWS]

    answer = server.predict({"signature_name": "transform_features", "inputs": rows}).json

    # mean 2, standard deviation 1; what is missing is average, and marked
    mass = answer["outputs"][transformed("body mass/g")]
    np.testing.assert_allclose(np.float32(mass), [[-1, 0], [1, 0], [0, 1]], atol=1e-6)


def test_the_command_on_the_page_has_every_column(server):
    text = server.ask("GET", "/").body.decode()

    for name in ("body_mass_g", "carrier", "departure"):
        assert f"&quot;{name}&quot;" in text
