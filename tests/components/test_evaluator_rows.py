"""Rows as columns: what is so, and which slices a row is in."""

import math

import numpy as np
import pyarrow as pa
import pytest

from components.columns import values
from components.evaluator.scoring import labels
from components.evaluator.slicing import group, ranges
from modules.spec.label import Label


def slices(names, **columns):
    """By slice, its rows."""
    arrays = {name: pa.array(column, pa.binary()) for name, column in columns.items()}
    rows = len(next(iter(columns.values())))
    keys, members, places = group(arrays, names, rows)
    return {key: members[places == place].tolist() for place, key in enumerate(keys)}


def test_without_columns_all_rows_are_one_slice():
    assert slices([], a=["x", None, "y"]) == {(): [0, 1, 2]}


def test_a_row_is_in_the_slice_of_its_value():
    found = slices(["a"], a=["x", "ç", "x"])

    assert found == {(("a", "x"),): [0, 2], (("a", "ç"),): [1]}


def test_a_row_without_a_value_is_in_no_slice_of_the_column():
    assert slices(["a"], a=["x", None, ""]) == {(("a", ""),): [2], (("a", "x"),): [0]}
    assert slices(["a"], a=[None, None]) == {}


def test_crossed_columns_have_a_slice_for_each_pair_of_values_that_occurs():
    found = slices(["a", "b"], a=["x", "x", "y", "x", None], b=["1", "2", "1", "1", "1"])

    assert found == {
        (("a", "x"), ("b", "1")): [0, 3],
        (("a", "x"), ("b", "2")): [1],
        (("a", "y"), ("b", "1")): [2],
    }


def test_numbers_are_in_ranges_that_begin_at_their_bounds():
    column = pa.array([-1.0, 10.0, 19.5, 20.0, None], pa.float32())

    assert ranges(column, (10, 20)).to_pylist() == [
        "< 10",
        "10 to < 20",
        "10 to < 20",
        ">= 20",
        None,
    ]
    assert ranges(column, (0.5,)).to_pylist() == ["< 0.5", ">= 0.5", ">= 0.5", ">= 0.5", None]


def test_no_rows_are_in_no_slice():
    assert slices([], a=[]) == slices(["a"], a=[]) == {}


def test_a_column_of_lists_is_a_value_or_null_a_row():
    batch = pa.record_batch([pa.array([[1.5], None, [], [2.5]])], ["x"])

    assert values(batch, "x").to_pylist() == [1.5, None, None, 2.5]
    assert values(batch.slice(2), "x").to_pylist() == [None, 2.5]
    assert values(batch, "y").to_pylist() == [None] * 4


def test_a_column_of_values_is_itself():
    batch = pa.record_batch([pa.array([1.5, None])], ["x"])

    assert values(batch, "x").to_pylist() == [1.5, None]


def test_several_values_in_a_row_are_refused_by_the_name_of_the_column():
    batch = pa.record_batch([pa.array([[b"a"], [b"b", b"c"]])], ["tags"])

    with pytest.raises(ValueError, match="Column 'tags' has 2 values in a row, expected one"):
        values(batch, "tags")


def test_a_class_is_its_place_and_any_other_text_is_minus_one():
    label = Label(column="y", task="multiclass", classes=("a", "ç"))

    found = labels(pa.array(["ç", "a", "A", None]), label)

    assert found.tolist() == [1, 0, -1, -1]
    assert found.dtype == np.int64


def test_a_missing_text_is_the_class_of_that_name():
    # As in the transform graph, where a missing text is an empty one.
    label = Label(column="y", task="binary", classes=("", "yes"))

    assert labels(pa.array([None, "yes", ""]), label).tolist() == [0, 1, 0]


def test_a_number_that_is_missing_or_infinite_is_no_label():
    label = Label(column="y", task="regression")

    found = labels(pa.array([1.5, None, math.inf]), label)

    assert found == pytest.approx([1.5, math.nan, math.nan], nan_ok=True)
    assert found.dtype == np.float32


def test_a_column_without_any_value_is_no_label():
    number, text = Label(column="y", task="regression"), Label(column="y", task="binary")

    assert np.isnan(labels(pa.nulls(2), number)).all()
    assert labels(pa.nulls(2), text).tolist() == [-1, -1]
