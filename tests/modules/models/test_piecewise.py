"""Numbers by the bins they fall in."""

import keras
import numpy as np
import pytest

from modules.columns import Column
from modules.models.piecewise import PiecewiseLinear

AGE = Column("age_xf", 2, "float32", None, (-1.0, 0.0, 2.0, 6.0))
SIZE = Column("size_xf", 2, "float32", None, (0.0, 1.0))


def layer_for(*columns, size=2):
    layer = PiecewiseLinear(columns, size, None, "numbers")
    layer.build([(None, 2)] * len(columns))
    return layer


def encoded(value, missing=0.0, column=AGE):
    numbers = np.array([[[value, missing]]], np.float32)
    return keras.ops.convert_to_numpy(layer_for(column).encode(numbers)).ravel().tolist()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-0.25, [0.75, 0, 0]),  # three quarters through [-1, 0]
        (0.0, [1, 0, 0]),
        (1.5, [1, 0.75, 0]),  # 1.5 of the 2 of [0, 2]
        (3.0, [1, 1, 0.25]),  # 1 of the 4 of [2, 6]
        (-7.0, [0, 0, 0]),  # as the least
        (-1.0, [0, 0, 0]),
        (6.0, [1, 1, 1]),
        (8.0, [1, 1, 1]),  # as the greatest
    ],
)
def test_a_number_is_how_far_it_is_through_each_bin(value, expected):
    assert encoded(value) == pytest.approx(expected)


def test_a_missing_number_is_in_no_bin():
    assert encoded(0.0, missing=1.0) == [0, 0, 0]


def test_bins_that_a_column_has_not_stay_empty():
    numbers = np.array([[[8.0, 0.0], [8.0, 0.0]]], np.float32)

    found = keras.ops.convert_to_numpy(layer_for(AGE, SIZE).encode(numbers))

    assert found.tolist() == [[[1, 1, 1], [1, 0, 0]]]


def test_an_embedding_is_a_bias_a_line_and_a_weight_a_bin():
    layer = layer_for(AGE, SIZE, size=1)
    linear, bias, kernel = layer.weights
    linear.assign([[[10], [100]], [[0], [0]]])  # of the value, and of the flag
    bias.assign([[1000], [7]])
    kernel.assign([[[1], [2], [4]], [[8], [16], [16]]])

    found = layer(
        [np.array([[1.0, 0], [0, 1]], "float32"), np.array([[0.5, 0], [2, 0]], "float32")]
    )

    # age 1: 1000 + 10 * 1 + bins 1 and half of 2; missing: 1000 + 100.
    # size 0.5: 7 + half of 8; 2 counts as 1 there: 7 + 8.
    assert keras.ops.convert_to_numpy(found).tolist() == [[1012, 11], [1100, 15]]


def test_training_starts_from_a_line():
    layer = layer_for(AGE, size=3)
    numbers = np.array([[-1.0, 0], [1, 0], [3, 0]], np.float32)

    low, middle, high = keras.ops.convert_to_numpy(layer([numbers]))

    assert middle - low == pytest.approx(high - middle, abs=1e-6)
    assert np.abs(middle - low).max() > 0


def test_every_column_has_a_part_of_its_own():
    layer = layer_for(AGE, SIZE, size=2)
    size = np.zeros((1, 2), np.float32)

    one = keras.ops.convert_to_numpy(layer([np.array([[1.0, 0]], "float32"), size]))
    other = keras.ops.convert_to_numpy(layer([np.array([[2.0, 0]], "float32"), size]))

    assert one.shape == (1, 4)
    assert (one != other).tolist() == [[True, True, False, False]]


def test_bins_are_told_apart_in_float32_whatever_the_network_computes_in():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = layer_for(Column("x_xf", 2, "float32", None, (1.0, 1.001, 1.002)))
    finally:
        keras.config.set_dtype_policy("float32")

    found = layer.encode(np.array([[[1.0015, 0.0]]], np.float32))

    # bfloat16 has steps of 1 / 128 there
    assert keras.ops.convert_to_numpy(found).ravel() == pytest.approx([1, 0.5], abs=1e-3)
