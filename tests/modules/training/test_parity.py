"""An exported model that is not the trained one, or not float32, is refused."""

import numpy as np
import pytest

from modules.errors import GateError
from modules.export import export
from modules.training.blueprint import Blueprint
from modules.training.parity import BOUNDS, check
from tests.modules.training.jobs import FEATURES, MODEL, rows

NUMBER = {"column": "y", "task": "regression"}


@pytest.fixture(scope="module")
def data(transform):
    return transform(FEATURES, rows(), model=MODEL)


@pytest.fixture(scope="module")
def blueprint(data, tmp_path_factory):
    return Blueprint.of(data.spec, data.output, data.arrays, tmp_path_factory.mktemp("spec"))


@pytest.fixture(scope="module")
def exported(data, blueprint, tmp_path_factory):
    """A model, and the folder that it was exported to."""
    model, folder = blueprint.build("float32"), tmp_path_factory.mktemp("exported")
    export(model, data.output, data.spec, folder)
    return model, folder


def shifted(blueprint, model, by):
    """A model whose logits lie higher."""
    other = blueprint.build("float32")
    *others, bias = model.get_weights()
    other.set_weights([*others, bias + by])
    return other


def test_the_model_that_was_exported_agrees_with_itself(data, blueprint, exported):
    model, folder = exported

    found = check(folder, model, blueprint, data.arrays, "float32")

    assert (found.rows, found.precision, found.bound) == (200, "float32", BOUNDS["float32"])
    assert found.largest <= 1e-6


def test_another_model_is_refused_with_the_difference_and_the_bound(data, blueprint, exported):
    model, folder = exported
    other = shifted(blueprint, model, 0.1)
    columns = {name: array for name, array in data.arrays.items() if name != "label_xf"}
    largest = np.abs(np.asarray(other(columns)) - np.asarray(model(columns))).max()

    with pytest.raises(GateError) as raised:
        check(folder, other, blueprint, data.arrays, "float32")

    # the slope of the logistic function is 1/4 at most: 0.1 more makes up to 0.025
    assert 0.01 < largest < 0.0251
    assert raised.value.problems == (
        f"export: the exported model differs from the trained one by {largest:.3g} in 200 real "
        "rows, expected at most 0.0001 after training in float32. Nothing is exported. Train with "
        "precision 'float32', or look in the model for what depends on the precision",
    )


def test_what_rounding_explains_depends_on_the_precision(data, blueprint, exported):
    model, folder = exported
    other = shifted(blueprint, model, 0.1)

    with pytest.raises(
        GateError, match=f"expected at most {BOUNDS['float16']:g} after training in float16"
    ):
        check(folder, other, blueprint, data.arrays, "float16")
    found = check(folder, other, blueprint, data.arrays, "bfloat16")

    assert BOUNDS["float16"] < found.largest <= found.bound == BOUNDS["bfloat16"]


def test_a_model_that_predicts_no_number_is_refused(data, blueprint, exported):
    model, folder = exported

    with pytest.raises(GateError, match="differs from the trained one by nan in 200 real rows"):
        check(folder, shifted(blueprint, model, np.nan), blueprint, data.arrays, "float32")


def test_a_regression_is_compared_in_standard_deviations_of_its_label(transform, tmp_path):
    raw = [{"x": float(x), "y": 1000.0 * x} for x in range(-10, 11)]
    data = transform({"x": {"kind": "numeric"}}, raw, NUMBER, model=MODEL)
    blueprint = Blueprint.of(data.spec, data.output, data.arrays, tmp_path)
    model = blueprint.build("float32")
    export(model, data.output, data.spec, tmp_path / "exported")

    with pytest.raises(GateError, match=r"differs from the trained one by 0\.\d+ in 21 real rows"):
        # Half a standard deviation, which is 6055, over 1 + the prediction's size
        check(
            tmp_path / "exported",
            shifted(blueprint, model, 0.5),
            blueprint,
            data.arrays,
            "bfloat16",
        )
    # A thousandth of it is 6 in the label's unit, and explained by bfloat16.
    other = shifted(blueprint, model, 1e-3)
    found = check(tmp_path / "exported", other, blueprint, data.arrays, "bfloat16")
    assert 0 < found.largest <= 1.01e-3


def test_signatures_and_variables_of_another_float_type_are_refused(data, tmp_path):
    (tmp_path / "own.py").write_text(
        """
import keras

def build(columns, head, settings):
    inputs = {c.name: keras.Input((c.width,), name=c.name, dtype=c.dtype) for c in columns}
    x = keras.ops.cast(inputs["x_xf"], "float16")
    last = keras.layers.Dense(1, "sigmoid", dtype="float16", name="half")
    return keras.Model(inputs, last(x))
""",
        "utf-8",
    )
    spec = type(data.spec).model_validate(
        data.spec.model_dump(mode="json") | {"model": {"family": "own.py:build"}}
    )
    blueprint = Blueprint.of(spec, data.output, data.arrays, tmp_path)
    model = blueprint.build("float32")
    export(model, data.output, spec, tmp_path / "exported")

    with pytest.raises(GateError) as raised:
        check(tmp_path / "exported", model, blueprint, data.arrays, "float32")

    assert set(raised.value.problems) == {
        "export: signature serving_default: output 'probability' is float16, expected float32",
        "export: signature serving_raw: output 'probability' is float16, expected float32",
        "export: variable half/kernel is float16, expected float32",
        "export: variable half/bias is float16, expected float32",
    }
