"""What the last layer of every family makes of its numbers."""

import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.columns import Head
from modules.models import heads

PRICES = Head("quantile", mean=100.0, std=10.0, quantiles=(0.1, 0.5, 0.9))


def predicted(head, *numbers):
    return np.asarray(heads.predict(keras.ops.convert_to_tensor([numbers], "float32"), head))[0]


def test_a_head_is_as_wide_as_its_prediction():
    assert [
        heads.width(head)
        for head in (Head("binary", 2), Head("multiclass", 3), Head("regression"), PRICES)
    ] == [1, 3, 1, 3]


def test_a_quantile_is_a_step_above_the_one_before_in_the_unit_of_the_label():
    # softplus(0) = log 2, softplus(1) = log(1 + e); 100 + 10 * (-1, -1 + 0.6931, ... + 1.3133)
    steps = math.log(2), math.log(1 + math.e)

    found = predicted(PRICES, -1.0, 0.0, 1.0)

    assert found == pytest.approx([90, 90 + 10 * steps[0], 90 + 10 * sum(steps)], rel=1e-6)


def test_a_single_quantile_is_a_number_as_of_a_regression():
    one = Head("quantile", mean=100.0, std=10.0, quantiles=(0.9,))

    assert predicted(one, 2.0) == pytest.approx([120.0])


NUMBER = st.floats(-1e3, 1e3, width=32)


@given(st.tuples(NUMBER, NUMBER, NUMBER))
def test_quantiles_never_cross(numbers):
    assert (np.diff(predicted(PRICES, *numbers)) >= 0).all()
