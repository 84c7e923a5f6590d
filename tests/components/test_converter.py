"""A trained model in further formats, each held against its SavedModel."""

import json
import pathlib
import shutil
import sys

import keras
import numpy as np
import pytest
from tfx.types import standard_artifacts
from tfx.types.experimental import simple_artifacts

from components.converter.component import Converter
from components.converter.config import FILES, ConverterSettings, Export, missing
from components.converter.converting import BOUNDS, convert
from components.converter.network import load
from components.converter.report import Report
from modules.errors import SpecError
from modules.export import export
from modules.preprocessing import transformed

FEATURES = {
    "body mass/g": {"kind": "numeric"},  # a name that TensorFlow does not take
    "carrier": {"kind": "categorical"},
    "gate": {"kind": "hashed", "buckets": 5},
    "remark": {"kind": "text", "max_tokens": 3, "min_count": 1},
}
CARRIERS, REMARKS = ["UA", "AA", "B6"], ["late again", "on time", "", "no word of it"]
METRICS = {"binary": "auc", "multiclass": "accuracy", "regression": "rmse"}
LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}
FAMILIES = [
    {"family": "mlp", "hidden": [8]},
    {"family": "wide_and_deep", "hidden": [8], "crosses": [["carrier", "gate"]]},
    {"family": "tabm", "hidden": [8], "members": 2},
]
# What neither LiteRT nor ONNX knows: the incomplete beta function, here the identity.
ODD = """
import keras
import tensorflow as tf

from modules.models.inputs import inputs


class Odd(keras.layers.Layer):
    def call(self, x):
        one = tf.ones_like(x)
        return tf.math.betainc(one, one, tf.sigmoid(x))


def build(columns, head, settings):
    tensors = inputs(columns)
    mass = keras.layers.Dense(1)(tensors["body mass/g_xf"])
    return keras.Model(tensors, Odd()(mass))
"""

# Nothing that is computed in 8 bits.
PLAIN = """
import keras

from modules.models.inputs import inputs


def build(columns, head, settings):
    tensors = inputs(columns)
    mass = keras.layers.BatchNormalization()(tensors["body mass/g_xf"])
    return keras.Model(tensors, keras.ops.sigmoid(keras.ops.sum(mass, axis=1, keepdims=True)))
"""


def rows(label):
    """Sixty rows; the label goes with the number."""
    return [
        {
            "carrier": CARRIERS[place % 3],
            "gate": f"B{place % 5}",
            "remark": REMARKS[place % 4],
            **({} if place % 7 == 3 else {"body mass/g": float(place)}),
            label["column"]: str(place // 30) if "classes" in label else 3000.0 + 50 * place,
        }
        for place in range(60)
    ]


def learn(data, folder, **tables):
    """The SavedModel of a model that was trained for a moment."""
    keras.utils.set_random_seed(0)
    spec = type(data.spec).model_validate({**data.spec.model_dump(mode="json"), **tables})
    model = data.build(folder, spec)
    columns = dict(data.arrays)
    label = columns.pop(transformed(spec.label.column))
    model.compile(keras.optimizers.Adam(0.05), LOSSES[spec.label.task])
    model.fit(columns, label, epochs=20, verbose=0)
    export(model, data.output, spec, folder / "model")
    return folder / "model"


def settings(network, *formats, **bounds):
    return ConverterSettings(
        export=Export(formats=formats, max_difference=bounds),
        metric=METRICS[network.label.task],
        memory_mb=1,
    )


def converted(folder, data, into, *formats, **bounds):
    """The report of some formats, written to a folder."""
    network = load(folder)
    given = settings(network, *formats, **bounds)
    return convert(network, data.arrays, data.arrays, given, into)


@pytest.fixture(scope="module")
def data(transform):
    label = {"column": "late", "task": "binary", "classes": ["0", "1"]}
    return transform(FEATURES, rows(label), label)


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    return learn(data, tmp_path_factory.mktemp("learned"), model=FAMILIES[0])


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family["family"])
def test_every_family_is_made_in_every_format_within_its_bound(data, tmp_path, family):
    folder = learn(data, tmp_path, model=family)

    report = converted(folder, data, tmp_path, *FILES)

    assert [one.format for one in report.formats] == list(FILES)
    for one in report.formats:
        assert one.holds, one.says
        assert one.file == FILES[one.format]
        assert one.figures.bytes == (tmp_path / one.file).stat().st_size
        assert one.mean_difference <= one.largest_difference <= one.bound == BOUNDS[one.format]
        assert one.figures.metric == pytest.approx(report.saved_model.metric, abs=0.02)
    assert report.saved_model.metric > 0.9  # it has learned something to differ in


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        (
            {"column": "kind", "task": "multiclass", "classes": ["0", "1", "2"]},
            "probability",
        ),
        ({"column": "price", "task": "regression"}, "standard deviations of the label"),
    ],
    ids=["multiclass", "regression"],
)
def test_the_other_tasks_are_converted_alike(transform, tmp_path, label, unit):
    data = transform(FEATURES, rows(label), label)
    folder = learn(data, tmp_path, model=FAMILIES[0])

    report = converted(folder, data, tmp_path, "litert", "onnx")

    assert (report.unit, report.metric) == (unit, METRICS[label["task"]])
    assert [one.says for one in report.formats if not one.holds] == []
    for one in report.formats:
        assert one.figures.metric == pytest.approx(report.saved_model.metric, rel=1e-3)


def test_a_format_that_is_too_far_off_is_told_with_the_difference_and_what_to_do(
    data, model, tmp_path
):
    bounds = {"litert-float16": 1e-12, "litert": 0.5}

    report = converted(model, data, tmp_path, "litert-float16", "litert", **bounds)

    half, whole = report.formats
    assert (half.holds, whole.holds) == (False, True)
    assert half.says == (
        f"litert-float16 differs from the SavedModel by up to {half.largest_difference:.3g} "
        f"(probability) in 60 rows of the eval split, expected at most 1e-12. Leave it out of "
        f"export.formats, or allow more with export.max_difference.litert-float16"
    )
    assert (tmp_path / half.file).exists()  # to look into


def test_an_operation_that_a_format_does_not_know_is_named_and_leaves_no_file(data, tmp_path):
    (tmp_path / "odd.py").write_text(ODD)
    folder = learn(data, tmp_path, model={"family": "odd.py:build"})

    report = converted(folder, data, tmp_path, "litert", "onnx")

    assert [(one.holds, one.file) for one in report.formats] == [(False, None)] * 2
    assert [one.says for one in report.formats] == [
        "litert cannot be made of this model: LiteRT has no Betainc. Leave it out of "
        "export.formats",
        "onnx cannot be made of this model: tf2onnx has no ONNX for Betainc. Leave it out of "
        "export.formats",
    ]
    assert not [path for path in tmp_path.iterdir() if path.name in FILES.values()]


def test_a_model_without_dense_layers_has_nothing_in_8_bits(data, tmp_path):
    (tmp_path / "plain.py").write_text(PLAIN)
    folder = learn(data, tmp_path, model={"family": "plain.py:build"})

    whole, small = converted(folder, data, tmp_path, "litert", "litert-int8").formats

    assert whole.holds
    assert small.says.startswith(
        "litert-int8 cannot be made of this model: it has no dense layer. Leave it out"
    )


def test_predictions_that_are_no_numbers_are_not_within_any_bound(data, model, tmp_path):
    network = load(model)
    columns = {name: np.array(data.arrays[name]) for name in data.arrays}
    columns["body mass/g_xf"][0] = np.nan
    broken = type(data.arrays).of(columns)

    given = settings(network, "litert")
    (one,) = convert(network, broken, None, given, tmp_path).formats

    assert (one.holds, one.largest_difference, one.figures.metric) == (False, None, None)


def test_two_columns_with_one_name_for_tensorflow_are_refused():
    from components.converter.network import _check_differ

    with pytest.raises(SpecError, match="'a b_xf' is 'a_b_xf' in a converted model, as 'a/b_xf'"):
        _check_differ({"a/b_xf": "a_b_xf", "c": "c", "a b_xf": "a_b_xf"})


def component(model, data, folder, *formats):
    """Runs the component on artifacts as the Trainer and Transform leave them."""
    trained, examples = standard_artifacts.Model(), standard_artifacts.Examples()
    made = simple_artifacts.File()
    trained.uri, examples.uri, made.uri = (str(folder / name) for name in ("model", "rows", "out"))
    examples.split_names = json.dumps(["train", "eval"])
    shutil.copytree(model, folder / "model" / "Format-Serving")
    for split in ("train", "eval"):
        (folder / "rows" / f"Split-{split}").mkdir(parents=True)
        for file in pathlib.Path(data.files).parent.glob("*.gz"):
            shutil.copy(file, folder / "rows" / f"Split-{split}")
    told = settings(load(model), *formats).model_dump_json()
    Converter.EXECUTOR_SPEC.executor_class().Do(
        {"model": [trained], "transformed_examples": [examples]},
        {"formats": [made]},
        {"settings": told},
    )
    return folder / "out"


def test_the_component_writes_the_files_and_the_report_beside_them(data, model, tmp_path):
    folder = component(model, data, tmp_path, "litert-int8", "litert")

    report = Report.model_validate_json((folder / Report.FILE).read_text())
    assert {path.name for path in folder.iterdir()} == {
        *("formats.json", "model.tflite", "model-int8.tflite")
    }
    assert report.rows == report.batch_rows == 60
    assert report.inputs == {
        "body mass/g_xf": "body_mass_g_xf",
        "carrier_xf": "carrier_xf",
        "gate_xf": "gate_xf",
        "remark_xf": "remark_xf",
    }
    assert report.output == "probability"
    saved = sum(path.stat().st_size for path in model.rglob("*") if path.is_file())
    assert report.saved_model.bytes == saved
    for figures in (report.saved_model, *(one.figures for one in report.formats)):
        assert 0 < figures.one_row.p50_ms <= figures.one_row.p95_ms
        assert 0 < figures.batch.p50_ms <= figures.batch.p95_ms


def test_a_package_that_is_not_there_is_named_before_anything_is_made(
    data, model, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)

    with pytest.raises(SpecError) as raised:
        component(model, data, tmp_path, "litert", "onnx")

    assert raised.value.problems == (
        "export.formats: 'onnx' needs tf2onnx, not installed here. pip install onnx onnxruntime "
        "tf2onnx, or leave 'onnx' out",
    )
    assert not (tmp_path / "out").exists()


def test_what_tensorflow_makes_by_itself_needs_no_package(monkeypatch):
    for package in ("onnx", "onnxruntime", "tf2onnx"):
        monkeypatch.setitem(sys.modules, package, None)

    assert list(missing(["litert", "litert-float16", "litert-int8"])) == []
