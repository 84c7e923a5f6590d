"""A builder of the user's own is held to what every model has to be."""

import textwrap

import numpy as np
import pytest

from modules.columns import Column, Head
from modules.errors import SpecError
from modules.models.build import build_model
from modules.spec.model import CustomModel

COLUMNS = [Column("carrier_xf", 1, "int64", 5), Column("mass_xf", 2, "float32", None)]
OWN = CustomModel(family="own.py:build")


@pytest.fixture
def build(tmp_path):
    """Builds what the body of a user's builder returns."""

    def build(body, head, columns=COLUMNS):
        text = "import keras\ndef build(columns, head, settings):\n"
        (tmp_path / "own.py").write_text(text + textwrap.indent(textwrap.dedent(body), "    "))
        return build_model(OWN, columns, head, tmp_path)

    return build


def one_input(name, units):
    return f"""
        x = keras.Input((2,), name="{name}")
        return keras.Model({{"{name}": x}}, keras.layers.Dense({units}, "softmax")(x))
        """


def test_a_model_may_take_a_part_of_the_columns(build):
    model = build(one_input("mass_xf", 3), Head("multiclass", 3))

    assert model({"mass_xf": np.zeros((2, 2), np.float32)}).shape == (2, 3)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            one_input("mas_xf", 3),
            "returned a model with the input 'mas_xf', expected columns: some of 'carrier_xf', "
            "'mass_xf'; did you mean 'mass_xf'?",
        ),
        (
            one_input("mass_xf", 1),
            "returned a model with the output (None, 1), expected (None, 3) for task 'multiclass'",
        ),
        (
            """
            x = keras.Input((2,), name="mass_xf")
            return keras.Model({"mass_xf": x}, {"p": keras.layers.Dense(3)(x)})
            """,
            "returned a model with the output a dict, expected (None, 3) for task 'multiclass'",
        ),
    ],
    ids=["another input", "another width", "a dict"],
)
def test_a_model_that_does_not_fit_is_refused(build, body, problem):
    with pytest.raises(SpecError) as raised:
        build(body, Head("multiclass", 3))

    assert raised.value.problems == (f"model.family: own.py:build {problem}",)


def test_a_model_that_cannot_be_called_on_columns_is_refused(build):
    body = """
        class Own(keras.Model):
            def call(self, inputs):
                return inputs["nothing"]
        return Own()
        """

    with pytest.raises(SpecError, match=r"^model.family: own.py:build returned a model that canno"):
        build(body, Head("binary", 2))


def test_a_subclassed_model_is_built_when_it_is_returned(build):
    body = """
        class Own(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(1, "sigmoid")
            def call(self, inputs, training=False):
                return self.dense(inputs["mass_xf"])
        return Own()
        """

    model = build(body, Head("binary", 2))

    assert model.built
    assert [tuple(weight.shape) for weight in model.weights] == [(2, 1), (1,)]
