"""A model that is exported answers for raw rows what the trained one does for transformed ones."""

import json
import math
import pathlib
import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.export import export, outputs
from modules.preprocessing import transformed
from modules.spec.label import Label

# A feature of each kind, under names that TensorFlow or Keras would not take.
FEATURES: dict[str, dict[str, Any]] = {
    "body mass/g": {"kind": "numeric"},
    "é": {"kind": "numeric", "scale": "log"},
    "age": {"kind": "bucketized", "buckets": 2},
    "carrier": {"kind": "categorical"},
    "tail.number": {"kind": "hashed", "buckets": 10},
    "remark": {"kind": "text", "max_tokens": 4, "min_count": 1},
    "departure": {"kind": "timestamp"},
}
LABEL = {"column": "species", "task": "multiclass", "classes": ["a", "b", "ç"]}
FULL = {
    "body mass/g": 1.0,
    "é": 10.0,
    "age": 2.0,
    "carrier": "UA",
    "tail.number": "N14228",
    "remark": "Hello, hello WORLD",
    "departure": "2013-01-01T06:00:00",
    "species": "a",
}
ROWS = [
    FULL,
    {**FULL, "body mass/g": 3.0, "carrier": "AA", "departure": "2016-02-29", "species": "ç"},
    {**FULL, "é": -4.0, "age": 7.0, "remark": "Größe", "tail.number": "N2", "species": "b"},
    {"species": "b"},
]
LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}
ARGUMENTS = {"body mass/g": "body_mass_g", "é": "x_"}  # the others keep their names


def learn(rows, folder, **tables):
    """The trained model and the folder of its export."""
    keras.utils.set_random_seed(0)
    spec = rows.spec.model_copy(update=tables)
    model = rows.build(folder, spec)
    columns = dict(rows.arrays)
    label = columns.pop(transformed(spec.label.column))
    model.compile("adam", LOSSES[spec.label.task])
    model.fit(columns, label, epochs=2, verbose=0)
    export(model, rows.output, spec, folder / "export")
    return model, folder / "export"


@pytest.fixture(scope="module")
def rows(transform):
    return transform(FEATURES, ROWS, LABEL, model={"hidden": [8]})


@pytest.fixture(scope="module")
def learned(rows, tmp_path_factory):
    return learn(rows, tmp_path_factory.mktemp("learned"))


@pytest.fixture(scope="module")
def expected(rows, learned):
    """Probabilities of the trained model for the transformed rows."""
    columns = {name: array for name, array in rows.arrays.items() if name != "species_xf"}
    return learned[0].predict(columns, verbose=0)


@pytest.fixture(scope="module")
def signatures(learned):
    return tf.saved_model.load(str(learned[1])).signatures


@pytest.fixture(scope="module")
def score(signatures, serialized):
    """Probabilities of the exported model for rows as tf.Examples."""

    def score(*of):
        examples = tf.constant([serialized(row) for row in of])
        return signatures["serving_default"](examples=examples)["probabilities"].numpy()

    return score


@pytest.fixture(scope="module")
def score_raw(signatures):
    """Probabilities of the exported model for rows as a tensor a column."""

    def score_raw(*of):
        columns = {}
        for name, feature in FEATURES.items():
            number = feature["kind"] in ("numeric", "bucketized")
            values = [[row.get(name, math.nan if number else "")] for row in of]
            columns[ARGUMENTS.get(name, name)] = tf.constant(values)
        return signatures["serving_raw"](**columns)["probabilities"].numpy()

    return score_raw


def without_label(row):
    return {name: value for name, value in row.items() if name != "species"}


def test_raw_examples_through_the_exported_model_equal_transformed_ones_through_the_trained(
    score, expected
):
    scored = score(*map(without_label, ROWS))

    assert scored == pytest.approx(expected, abs=1e-6)
    assert np.ptp(scored, axis=0).max() > 1e-3  # the rows are told apart


def test_raw_columns_through_the_exported_model_equal_transformed_ones_through_the_trained(
    score_raw, expected
):
    assert score_raw(*ROWS) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", list(FEATURES))
def test_a_missing_value_is_the_same_in_every_way_to_say_it(score, score_raw, serialized, name):
    row = without_label(FULL)
    number = isinstance(row[name], float)

    absent = score({key: value for key, value in row.items() if key != name})
    without_a_value = score({**row, name: None})
    in_words = score({**row, name: math.nan if number else ""})
    raw = score_raw({**row, name: math.nan if number else ""})

    assert without_a_value == pytest.approx(absent, abs=1e-6)
    assert in_words == pytest.approx(absent, abs=1e-6)
    assert raw == pytest.approx(absent, abs=1e-6)
    assert np.abs(absent - score(row)).max() > 1e-6


def test_an_infinite_number_is_missing_as_in_training(score, score_raw):
    infinite = {**FULL, "body mass/g": math.inf}

    assert score(infinite) == pytest.approx(score({**FULL, "body mass/g": None}), abs=1e-6)
    assert score_raw(infinite) == pytest.approx(score(infinite), abs=1e-6)


def test_values_that_training_never_saw_are_scored(score):
    unseen = {
        **FULL,
        "body mass/g": 1e30,
        "carrier": "never seen",
        "remark": "wörter nobody 写",
        "departure": "yesterday",
    }

    scored = score(unseen, FULL)

    assert np.isfinite(scored).all()
    assert scored.sum(axis=1) == pytest.approx([1, 1], abs=1e-6)


def test_a_row_is_scored_alike_alone_and_among_others(score):
    together = score(*ROWS)

    assert np.concatenate([score(row) for row in ROWS]) == pytest.approx(together, abs=1e-6)


def test_no_rows_get_no_predictions(score, score_raw, signatures):
    examples = tf.constant([], tf.string)

    assert signatures["serving_default"](examples=examples)["probabilities"].shape == (0, 3)


def test_transform_features_gives_what_training_saw_with_the_label(rows, signatures, serialized):
    examples = tf.constant([serialized(row) for row in ROWS])

    transformed = signatures["transform_features"](examples=examples)

    assert set(transformed) == set(rows.arrays)
    for name, array in rows.arrays.items():
        assert transformed[name].numpy() == pytest.approx(array, abs=1e-6), name


def test_transform_features_takes_examples_without_a_label(rows, signatures, serialized):
    examples = tf.constant([serialized(without_label(row)) for row in ROWS])

    transformed = signatures["transform_features"](examples=examples)

    assert transformed["species_xf"].numpy().tolist() == [[-1]] * 4
    assert transformed["carrier_xf"].numpy().tolist() == rows["carrier_xf"].tolist()


def test_the_export_scores_in_a_process_with_tensorflow_alone(learned, serialized, expected):
    # -I: neither the working directory, nor PYTHONPATH, nor the user's packages. The finder makes
    # sure that nothing of ours, and nothing but TensorFlow and what it imports, is needed.
    program = """
import base64, json, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"modules", "components", "pipeline", "tfx", "tfx_bsl",
                                      "tensorflow_transform", "apache_beam"}:
            raise ImportError(f"{name} is needed")
sys.meta_path.insert(0, Refuse())
import tensorflow as tf
examples = [base64.b64decode(text) for text in json.load(sys.stdin)]
scorer = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
print(json.dumps(scorer(examples=tf.constant(examples))["probabilities"].numpy().tolist()))
"""
    import base64

    asked = json.dumps([base64.b64encode(serialized(row)).decode() for row in ROWS])

    ended = subprocess.run(
        [sys.executable, "-I", "-c", program, str(learned[1])],
        input=asked,
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert np.array(json.loads(ended.stdout)) == pytest.approx(expected, abs=1e-6)


def test_the_likeliest_class_goes_by_its_name(score, signatures, serialized):
    examples = tf.constant([serialized(row) for row in ROWS])

    answer = signatures["serving_default"](examples=examples)

    likeliest = answer["probabilities"].numpy().argmax(axis=1)
    assert [name.decode() for name in answer["class"].numpy().ravel()] == [
        LABEL["classes"][place] for place in likeliest
    ]


@pytest.mark.parametrize(
    ("label", "values", "key"),
    [
        ({"column": "late", "task": "binary"}, ["0", "1", "1"], "probability"),
        ({"column": "fare", "task": "regression"}, [10.0, 20.0, 60.0], "prediction"),
    ],
)
def test_the_other_tasks_are_exported_alike(
    transform, serialized, tmp_path: pathlib.Path, label, values, key
):
    raw = [{"x": float(x), label["column"]: y} for x, y in enumerate(values)]
    rows = transform({"x": {"kind": "numeric"}}, raw, label)

    model, folder = learn(rows, tmp_path)

    signature = tf.saved_model.load(str(folder)).signatures["serving_default"]
    answer = signature(examples=tf.constant([serialized(row) for row in raw]))
    assert set(answer) == {key}
    trained = model.predict({"x_xf": rows["x_xf"]}, verbose=0)
    assert answer[key].numpy() == pytest.approx(trained, rel=1e-6)


def test_each_task_answers_under_the_names_that_users_know():
    probability = tf.constant([[0.2], [0.9]])
    probabilities = tf.constant([[0.2, 0.8], [0.7, 0.3]])

    binary = outputs(probability, Label(column="y", task="binary"))
    multiclass = outputs(probabilities, Label(column="y", task="multiclass", classes=("no", "yes")))
    regression = outputs(probability, Label(column="y", task="regression"))

    assert list(binary) == ["probability"]
    assert multiclass["class"].numpy().tolist() == [[b"yes"], [b"no"]]
    assert regression["prediction"].shape == (2, 1)
