import numpy as np
import pytest

from pipeline.init.ignored import reasons
from pipeline.init.label import choose

ROWS = 400


@pytest.fixture
def reason(column):
    """Why a column is left out beside a random label, or None."""
    labels = column(np.random.default_rng(3).integers(0, 2, ROWS), "y")
    chosen = choose(labels, None)

    def reason(values, name="x", **others):
        columns = {other: column(given, other) for other, given in others.items()}
        columns |= {name: column(values, name), "y": labels}
        return reasons(columns, chosen, []).get(name)

    return reason


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([None] * ROWS, "no value in any row"),
        ([1, *[None] * (ROWS - 1)], "a value in only 1 of 400 rows"),
        (["a\n"] * ROWS, '"a\\n" in every row'),
        (["1", "1.0"] * (ROWS // 2), '"1" in every row'),
        (["1e300", "2"] * (ROWS // 2), "infinite values, or beyond float32: correct them"),
        (range(ROWS), "it numbers the rows: 0 to 399"),
        ([7 * row for row in reversed(range(ROWS))], "an id, or too rarely the same"),
        ([row * row for row in range(ROWS)], "it numbers the rows"),  # ever rising
        ([f"id {row}" for row in range(ROWS)], "an id, or too rarely the same: 400 values"),
        ([f"2013-01-01T00:00:{row % 60:02}Z" for row in range(ROWS)], "moments with a time zone"),
    ],
)
def test_a_column_that_teaches_nothing_is_left_out(reason, values, expected):
    assert reason(values).startswith(expected)


@pytest.mark.parametrize(
    "values",
    [
        ["a", None] * (ROWS // 2),  # whether there is a value may tell something
        [row % 57 for row in range(ROWS)],
        [row + 0.5 for row in range(ROWS)],  # a measure may be different in each row
        [f"2013-{1 + row % 12:02}-{1 + row // 12 % 28:02}" for row in range(ROWS)],
        [f"group {row % 50}" for row in range(ROWS)],
    ],
)
def test_a_column_that_may_teach_something_is_kept(reason, values):
    assert reason(values) is None


def test_a_column_without_a_name_is_left_out(reason):
    assert reason([0.5, 1.5] * 200, name=" ") == "it has no name"


def test_the_second_of_two_equal_columns_is_left_out(reason):
    values = [row % 57 for row in range(ROWS)]

    assert reason(values, before=values) == 'the same as "before" in every row'


def test_a_copy_of_the_label_is_left_out(reason, column):
    labels = np.random.default_rng(3).integers(0, 2, ROWS)

    assert reason(labels) == 'the same as "y" in every row'


def test_the_second_of_two_columns_with_one_name_in_serving_is_left_out(reason):
    first, second = np.random.default_rng(0).normal(size=(2, ROWS))

    assert reason(second, name="a_b", **{"a b": first}) == (
        'it would be "a_b" in serving, as "a b" is: rename one'
    )


def test_a_leak_is_left_out_with_what_was_measured_and_the_line_that_keeps_it(reason):
    labels = np.random.default_rng(3).integers(0, 2, ROWS)

    found = reason([f"late {value}" for value in labels], name="arrived at")

    assert found == (
        "suspected leak: alone it tells the label (AUC 1.000 on rows held out)\n"
        "If it is known before the label is, make it a feature: "
        '"arrived at" = { kind = "categorical" }'
    )
