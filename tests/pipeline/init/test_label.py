import numpy as np
import pytest

from modules.errors import DataError, SpecError
from pipeline.init.label import choose


def repeated(*values, times=20):
    return [*values] * times


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (repeated("no", "yes"), "binary"),
        (repeated(0, 1), "binary"),
        (repeated("a", "b", "c"), "multiclass"),
        (repeated(1, 2, 3), "multiclass"),
        (repeated(0.5, 1.0, 1.5), "multiclass"),  # few decimals, often the same: ratings
        ([value / 10 for value in range(40)], "regression"),
        (range(40), "regression"),
        ([*range(19), *[0.5] * 12], "regression"),  # 20 decimals, 1.55 rows each
    ],
)
def test_the_task_is_told_by_the_values(column, values, task):
    assert choose(column(values), None).label.task == task


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ((1, 0, 1), ("0", "1")),
        (("True", "False", "True"), ("False", "True")),
        (("Yes", "no", "Yes"), ("no", "Yes")),
        (("y", "n", "y"), ("n", "y")),
        (("pos", "neg", "pos"), ("neg", "pos")),
        ((1, -1, 1), ("-1", "1")),
        (("cat", "dog", "cat"), ("cat", "dog")),  # dog is the rarer
        ((2, 1, 2), ("2", "1")),
    ],
)
def test_the_positive_class_is_the_one_people_call_so_or_else_the_rarer(column, values, classes):
    chosen = choose(column(repeated(*values)), None)

    assert chosen.label.classes == classes


def test_a_rarer_class_that_is_taken_for_positive_is_said_to_be(column):
    fact = choose(column(repeated("cat", "dog", "cat")), None).fact

    # 20 of 60
    assert fact.startswith('negative, positive: "dog" in 33.3% of rows, taken for the positive')


def test_classes_are_sorted_as_text_or_as_numbers(column):
    assert choose(column(repeated("b", "c", "a")), None).label.classes == ("a", "b", "c")
    assert choose(column(repeated(10, 9, 2)), None).label.classes == ("2", "9", "10")


def test_a_task_that_was_asked_for_is_taken(column):
    assert choose(column(repeated(0, 1)), "regression").label.classes == ()
    assert choose(column(repeated(0, 1)), "multiclass").label.classes == ("0", "1")


def test_the_target_is_the_place_among_the_classes_or_the_number(column):
    classes, numbers = column(repeated("b", "a")), column(range(30))

    assert choose(classes, None).target(classes)[:2].tolist() == [1, 0]
    assert np.array_equal(choose(numbers, None).target(numbers), np.arange(30))


@pytest.mark.parametrize(
    ("values", "task", "error", "text"),
    [
        (["a"] * 40, None, DataError, "'y' is 'a' in every row, expected at least 2 values"),
        ([None] * 40, None, DataError, "'y' is empty, expected at least 2 values"),
        (range(10), None, DataError, "a value in 10 rows, expected at least 30"),
        ([*["no"] * 40, "yes"], None, DataError, "'y' is 'yes' in 1 of 41 rows"),
        ([1.0, *range(2, 40), "1e300"], None, DataError, "infinite values (or beyond float32)"),
        ([f"name {i}" for i in range(101)], None, SpecError, "101 values, such as 'name 0'"),
        (range(200), "multiclass", SpecError, "or give --task regression"),
        (repeated("a", "b"), "regression", SpecError, "expected numbers. Try --task binary"),
        (repeated(1, 2, 3), "binary", SpecError, "3 values, such as '1', '2', '3', expected 2"),
    ],
)
def test_a_label_that_cannot_be_learned_is_refused(column, values, task, error, text):
    with pytest.raises(error) as refused:
        choose(column(values, "y"), task)

    assert text in str(refused.value)
