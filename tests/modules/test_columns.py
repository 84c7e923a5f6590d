"""What a model is told about the columns and the label."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from modules.columns import Column, columns, head
from modules.spec.label import Label


def test_columns_are_told_by_name_with_width_type_and_cardinality(transform):
    features = {
        "when": {"kind": "timestamp"},
        "b": {"kind": "hashed", "buckets": 7},
        "a b/c": {"kind": "numeric"},
        "remark": {"kind": "text", "max_tokens": 5, "min_count": 1},
    }
    rows = transform(features, [{"a b/c": 1.0, "remark": "good day", "late": "1"}])

    found = columns(rows.output, rows.spec.label)

    # when: 3 parts of sine and cosine, and the flag. remark: padding, 2 words, unknown.
    assert found == [
        Column("a b/c_xf", 2, "float32", None),
        Column("b_xf", 1, "int64", 8),
        Column("remark_xf", 5, "int64", 4),
        Column("when_xf", 7, "float32", None),
    ]
    assert [column.name for column in found] == ["a b/c_xf", "b_xf", "remark_xf", "when_xf"]
    assert {column.name: (column.width,) for column in found} == {
        name: array.shape[1:] for name, array in rows.arrays.items() if name != "label_xf"
    }


def test_a_class_needs_an_output_each():
    label = Label(column="y", task="multiclass", classes=("a", "b", "c"))

    found = head(label, np.array([[0], [1]]))

    assert (found.task, found.classes) == ("multiclass", 3)


def test_a_regression_is_scaled_as_the_train_split():
    label = Label(column="y", task="regression")

    found = head(label, np.array([[10.0], [20.0], [60.0]], np.float32))

    # Mean 30; deviations -20, -10, 30: variance (400 + 100 + 900) / 3.
    assert found.mean == pytest.approx(30)
    assert found.std == pytest.approx((1400 / 3) ** 0.5)


def test_a_regression_label_that_is_always_the_same_is_not_scaled():
    found = head(Label(column="y", task="regression"), np.full((3, 1), 5.0, np.float32))

    assert (found.mean, found.std) == (5, 1)


@pytest.fixture(scope="module")
def numbers(transform):
    """A hundred rows: a count of few values, a number always the same, and one never there."""
    features = {name: {"kind": "numeric"} for name in ("engines", "same", "nobody knows")}
    rows = [{"engines": float(1 + (place >= 60)), "same": 7.0} for place in range(96)]
    return transform(features, [*rows, {}, {}, {"engines": 3.0}, {"engines": 3.0}])


def boundaries(rows, train):
    return {each.name: each.boundaries for each in columns(rows.output, rows.spec.label, train)}


def test_a_number_is_told_with_its_quantiles_in_the_train_split(numbers):
    found = boundaries(numbers, numbers.arrays)

    # 60 ones, 36 twos, 2 threes: 98 rows are 3 bins, whose ends are of rank 1, 33, 66 and 98.
    scores = dict(zip((1, 2, 3), np.unique(numbers["engines_xf"][[0, 60, 98], 0]), strict=True))
    assert found["engines_xf"] == pytest.approx([scores[1], scores[2], scores[3]])
    assert found["same_xf"] == (0.0,)
    assert found["nobody knows_xf"] == ()


def test_no_quantiles_are_told_of_rows_that_nobody_showed(numbers):
    assert set(boundaries(numbers, None).values()) == {()}


@pytest.mark.parametrize(
    ("second", "missing"),
    [([0, 0, 0, 1], True), ([0, 0, 0, 0.5], False), ([0, 0, 1, 1], False)],
    ids=["a flag", "no flag", "a flag of known values"],
)
def test_two_numbers_are_a_value_and_a_flag_only_if_they_look_like_it(numbers, second, missing):
    own = np.array([[1, 2, 3, 0], second], np.float32).T
    rows = dict.fromkeys(numbers.arrays, own)

    found = boundaries(numbers, rows)["engines_xf"]

    # one bin, for 3 rows are too few for more
    assert found == ((1.0, 3.0) if missing else ())


@given(
    values=npst.arrays(
        np.float32, st.integers(1, 300), elements=st.floats(-8, 8, width=32, allow_nan=False)
    )
)
def test_boundaries_rise_and_reach_from_the_least_value_to_the_greatest(numbers, values):
    column = np.stack([values, np.zeros_like(values)], axis=1)

    found = boundaries(numbers, dict.fromkeys(numbers.arrays, column))["same_xf"]

    assert list(found) == sorted(set(found))
    assert (found[0], found[-1]) == (values.min(), values.max())
    assert len(found) <= 1 + max(1, len(values) // 25)
