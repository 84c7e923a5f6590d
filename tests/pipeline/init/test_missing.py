import pytest

from components.example_gen.config import MISSING
from pipeline.init import missing


def find(columns, label="y", data_format="csv"):
    return missing.find({column.name: column for column in columns}, data_format, label)


def test_the_usual_texts_are_found_and_counted_where_they_are(column):
    found = find([column(["NA", "1", "NA"], "x"), column(["a", "b", "null"], "y")])

    assert found.tokens == MISSING
    assert found.occurs == {"NA": {"x": 2}, "null": {"y": 1}}
    assert not found.unusual


@pytest.mark.parametrize("token", ["?", "-", "None", "#N/A", " ", " ?"])
def test_a_placeholder_among_numbers_is_a_missing_value(column, token):
    found = find([column(["1.5", token, "2", "3"], "x"), column(["a", "b", "c", "d"], "y")])

    assert found.tokens == (*MISSING, token)
    assert found.unusual


def test_a_placeholder_among_moments_is_a_missing_value(column):
    found = find([column(["2013-01-01", "?", "2013-01-02"], "x"), column(["a", "b", "c"], "y")])

    assert "?" in found.tokens


def test_a_placeholder_among_categories_may_be_one_of_them(column):
    found = find([column(["red", "none", "blue"], "x"), column(["a", "b", "c"], "y")])

    assert found.tokens == MISSING


def test_a_placeholder_that_is_a_class_stays_one(column):
    found = find([column(["1", "none", "2"], "x"), column(["some", "none", "some"], "y")])

    assert found.tokens == MISSING


def test_a_number_that_is_infinite_is_a_missing_value_in_csv_alone(column):
    columns = [column(["1", "inf", "2"], "x"), column(["a", "b", "c"], "y")]

    assert "inf" in find(columns).tokens
    # Parquet's infinity is no text, so data.missing does not reach it
    assert "inf" not in find(columns, data_format="parquet").tokens


def test_a_number_column_is_one_without_its_missing_values(column):
    raw = column(["1", "NA", "-nan", "2", ""])
    found = find([raw, column(["a", "b", "a", "b", "a"], "y")])

    resolved = missing.resolve(raw, found)

    assert resolved.type == "number"
    assert resolved.values.to_pylist() == ["1", "2"]
