import numpy as np
import pytest

from pipeline.init.column import same_rows


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-2.5", "+3e4", ".5", " 7 "], "number"),
        (["1", "inf", "-Infinity", "nan"], "number"),
        (["1", "abc"], "text"),
        (["1_000", "2"], "text"),
        (["١٢", "2"], "text"),
        (["02134", "10001"], "text"),  # postcodes: 02134 is not 2134
        (["0", "0.5"], "number"),
        (["2013-01-01", "2013-01-01T05", "2013-01-01 05:15", "2013-01-01T05:15:00.25"], "time"),
        (["2013-13-01"], "text"),
        (["2013-01-01T05:15:00Z"], "text"),
        (["true", "false"], "text"),
        ([None, None], "text"),
    ],
)
def test_a_column_is_of_a_type_when_every_value_is(column, values, expected):
    assert column(values).type == expected


def test_a_type_is_told_by_all_rows_not_by_the_first_ones(column):
    values = [*range(50_000), "oops"]

    assert column(values).type == "text"


def test_moments_are_seconds_since_1970(column):
    moments = column(["1970-01-01T00:00:00", "1970-01-02", "1970-01-01 00:01:00.5"])

    # a day is 86,400 s; half a second is left out, as ExampleGen leaves it out
    assert moments.numbers.tolist() == [0, 86_400, 60]


def test_values_that_are_dropped_are_missing_and_no_longer_distinct(column):
    rest = column(["a", "?", "b", "?", "a"]).without(["?"])

    assert rest.values.to_pylist() == ["a", "b"]
    assert rest.codes.tolist() == [0, -1, 1, -1, 0]
    assert rest.counts.tolist() == [2, 1]
    assert (rest.rows, rest.present, rest.distinct) == (5, 3, 2)


def test_rows_that_are_dropped_take_their_values_along(column):
    rest = column(["a", "b", "c", None]).of_rows(np.array([True, False, True, True]))

    assert rest.values.to_pylist() == ["a", "c"]
    assert rest.codes.tolist() == [0, 1, -1]


def test_a_row_without_a_value_has_no_number(column):
    numbers = column([2, None, 3]).row_numbers

    assert np.array_equal(numbers, [2, np.nan, 3], equal_nan=True)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (["a", "b", "a"], ["a", "b", "a"], True),
        (["1", "2", "1"], ["1.0", "2.0", "1.0"], True),
        (["a", "b", "a"], ["c", "d", "c"], False),  # one to one, yet other values
        (["a", "b", "a"], ["a", "b", "b"], False),
        (["a", None], ["a", "a"], False),
    ],
)
def test_columns_are_the_same_when_every_row_is(column, one, other, expected):
    assert same_rows(column(one), column(other)) is expected
