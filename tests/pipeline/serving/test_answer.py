"""Answers are JSON that reads back as what the model said."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.serving.answer import answer
from pipeline.serving.refusal import Refused


@given(st.lists(st.floats(width=32)))
def test_every_float_reads_back_as_it_was(values):
    told = json.loads(answer({"y": np.float32(values)}, by_row=True))

    np.testing.assert_array_equal(np.float32(told["predictions"]), np.float32(values))


@given(st.lists(st.floats()))
def test_every_double_reads_back_as_it_was(values):
    told = json.loads(answer({"y": np.float64(values)}, by_row=False))

    np.testing.assert_array_equal(np.float64(told["outputs"]), np.float64(values))


def test_a_float_has_no_more_digits_than_tell_it():
    # 0.1 as a float is 0.100000001490116; the second needs all nine digits
    assert answer({"y": np.float32([0.1, 0.123456789])}, by_row=True) == (
        b'{"predictions": [0.1, 0.123456791]}'
    )


@pytest.mark.parametrize("shape", [(2, 0), (0, 2), (0,), (1, 1, 2)])
def test_any_shape_is_nested(shape):
    array = np.zeros(shape, np.float32)

    assert json.loads(answer({"y": array}, by_row=False)) == {"outputs": array.tolist()}


def test_bytes_that_are_no_text_do_not_break_the_json():
    told = json.loads(answer({"y": np.array([b"\xff", "é".encode()], object)}, by_row=True))

    assert told == {"predictions": ["\N{REPLACEMENT CHARACTER}", "é"]}


@pytest.mark.parametrize(
    ("outputs", "sentence"),
    [
        ({"y": np.zeros(2), "z": np.zeros(3)}, "unequal numbers of rows"),
        ({"y": np.zeros(2, np.complex64)}, "there is no JSON for the output 'y' of type complex64"),
    ],
)
def test_what_has_no_form_is_refused(outputs, sentence):
    with pytest.raises(Refused, match=sentence):
        answer(outputs, by_row=True)
