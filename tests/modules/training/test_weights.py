"""What each example counts for, worked out by hand."""

import numpy as np
import pytest

from modules.spec.label import Label
from modules.spec.training import Training
from modules.training.weights import of_classes

LABEL = Label(column="y", task="binary", classes=("no", "yes"))
PLACES = np.array([[0], [0], [0], [1]])  # 3 rows of "no", 1 of "yes"


def weights(class_weights, label=LABEL, places=PLACES):
    return of_classes(Training(class_weights=class_weights), label, places)


def test_without_class_weights_all_examples_count_alike():
    assert weights(None) is None


def test_balanced_classes_count_for_the_same_in_all():
    found = weights("balanced")

    # rows / (classes * rows of the class): 4 / (2 * 3) and 4 / (2 * 1)
    assert found == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
    assert (found.dtype, found.shape) == (np.float32, (4,))
    # 3 * 2/3 = 1 * 2, and together as much as 4 rows without weights
    assert found.sum() == pytest.approx(4)


def test_a_class_without_rows_is_no_division_by_0():
    label = Label(column="y", task="multiclass", classes=("a", "b", "c"))

    found = weights("balanced", label)

    # of three classes now: 4 / (3 * 3) and 4 / (3 * 1)
    assert found == pytest.approx([4 / 9, 4 / 9, 4 / 9, 4 / 3])


def test_a_class_that_is_not_named_has_weight_1():
    assert weights({"yes": 2.5}).tolist() == [1, 1, 1, 2.5]
    assert weights({"no": 0.0}).tolist() == [0, 0, 0, 1]
