"""The network over numbers and embedded categories."""

import keras
import numpy as np
import pytest

from modules.columns import Column, Head
from modules.models.inputs import embedding_size
from modules.models.mlp import build_model
from modules.spec.model import Mlp

COLUMNS = [
    Column("a b/c_xf", 2, "float32", None),
    Column("carrier_xf", 1, "int64", 5),
    Column("remark_xf", 3, "int64", 9),
]
INPUTS = {
    "a b/c_xf": np.array([[1, 0], [-1, 0], [0, 1]], np.float32),
    "carrier_xf": np.array([[0], [4], [1]]),
    "remark_xf": np.array([[1, 8, 2], [3, 0, 0], [0, 0, 0]]),  # the last has no words
}
SMALL = Mlp(hidden=(8,), dropout=0.0)


def predict(head, settings=SMALL, columns=COLUMNS):
    """The outputs for INPUTS, with the same weights each time."""
    keras.utils.set_random_seed(0)
    inputs = {column.name: INPUTS[column.name] for column in columns}
    return build_model(columns, head, settings)(inputs, training=False).numpy()


def test_a_binary_model_gives_a_probability():
    found = predict(Head("binary", 2))

    assert (found.shape, found.dtype) == ((3, 1), np.float32)
    assert ((found > 0) & (found < 1)).all()


def test_a_multiclass_model_gives_a_probability_for_each_class():
    found = predict(Head("multiclass", 4))

    assert (found.shape, found.dtype) == ((3, 4), np.float32)
    assert found.sum(axis=1) == pytest.approx([1, 1, 1])
    assert (found > 0).all()


def test_a_regression_starts_near_the_mean_in_the_unit_of_the_label():
    around_0 = predict(Head("regression", mean=0.0, std=1.0))

    found = predict(Head("regression", mean=1000.0, std=10.0))

    assert (found.shape, found.dtype) == ((3, 1), np.float32)
    # The same network: its number around 0, times the deviation, plus the mean.
    assert found == pytest.approx(1000 + 10 * around_0, rel=1e-6)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_a_single_column_of_any_kind_makes_a_model(column):
    found = predict(Head("binary", 2), columns=[column])

    assert found.shape == (3, 1)
    assert np.isfinite(found).all()


def test_padding_does_not_count_among_the_words():
    keras.utils.set_random_seed(0)
    model = build_model(COLUMNS[2:], Head("binary", 2), SMALL)

    words = {"remark_xf": np.array([[3, 0, 0], [3, 3, 0], [3, 4, 0]])}
    short, twice, other = model(words).numpy()

    # The mean over one word is that over the same word twice.
    assert short == pytest.approx(twice, abs=1e-6)
    assert abs(short - other) > 1e-6


def test_a_row_without_words_has_a_finite_output_and_gradient():
    import tensorflow as tf

    model = build_model(COLUMNS[2:], Head("binary", 2), SMALL)

    with tf.GradientTape() as tape:
        output = model({"remark_xf": np.zeros((1, 3), np.int64)})
    gradients = tape.gradient(output, model.trainable_variables)

    assert np.isfinite(output).all()
    assert all(np.isfinite(tf.convert_to_tensor(each)).all() for each in gradients)


def test_the_settings_shape_the_network():
    settings = Mlp(hidden=(7, 5), dropout=0.25, embedding_size=3)

    model = build_model(COLUMNS, Head("multiclass", 4), settings)

    layers = model.layers
    units = [layer.units for layer in layers if isinstance(layer, keras.layers.Dense)]
    rates = [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)]
    sizes = [layer.output_dim for layer in layers if isinstance(layer, keras.layers.Embedding)]
    assert (units, rates, sizes) == ([7, 5, 4], [0.25, 0.25], [3, 3])


def test_no_hidden_layer_is_a_linear_model():
    model = build_model(COLUMNS[:1], Head("binary", 2), Mlp(hidden=()))

    # two weights and a bias
    assert model.count_params() == 3


def test_an_embedding_has_a_row_for_every_id():
    model = build_model(COLUMNS[1:2], Head("binary", 2), SMALL)

    (embedding,) = (each for each in model.layers if isinstance(each, keras.layers.Embedding))
    assert embedding.input_dim == 5


def test_an_embedding_grows_with_the_vocabulary_up_to_a_limit():
    sizes = [embedding_size(cardinality) for cardinality in (1, 2, 3, 10, 15, 16, 10_000)]

    # half as many numbers as ids, rounded up, 8 at most
    assert sizes == [1, 1, 2, 5, 8, 8, 8]


def test_the_inputs_are_named_as_the_columns():
    model = build_model(COLUMNS, Head("binary", 2), SMALL)

    assert {name: tensor.name for name, tensor in model.input.items()} == {
        column.name: column.name for column in COLUMNS
    }
