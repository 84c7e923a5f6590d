"""What a model is told about the columns and the label."""

import numpy as np
import pytest

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
