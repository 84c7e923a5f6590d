"""What differs between the data of two runs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import statistics_pb2

from pipeline.history.statistics import of_data, splits

FLOAT, STRING = (
    statistics_pb2.FeatureNameStatistics.FLOAT,
    statistics_pb2.FeatureNameStatistics.STRING,
)


def split(rows, **columns):
    """Statistics of a split: of a column its numbers, None if missing, or its counts by text."""
    found = statistics_pb2.DatasetFeatureStatistics(num_examples=rows)
    for name, values in columns.items():
        text = isinstance(values, dict)
        feature = found.features.add(type=STRING if text else FLOAT)
        feature.path.step.append(name)
        stats = feature.string_stats if text else feature.num_stats
        there = list(values.values()) if text else [value for value in values if value is not None]
        count = sum(there) if text else len(there)
        stats.common_stats.num_non_missing = stats.common_stats.tot_num_values = count
        stats.common_stats.num_missing = rows - count
        if text:
            stats.unique = len(values)
            for value, frequency in values.items():
                stats.top_values.add(value=value, frequency=frequency)
        else:
            stats.mean, stats.min, stats.max = sum(there) / count, min(there), max(there)
    return found


def told(old, new):
    return [
        (each.split, each.column, each.figure, each.old, each.new, each.change)
        for each in of_data(old, new)
    ]


def test_of_a_column_of_numbers_what_is_missing_and_how_they_lie_is_compared():
    old = {"train": split(4, mass=[1.0, 3.0, None, None])}
    new = {"train": split(4, mass=[1.0, 3.0, 8.0, None])}

    # Missing are 2 of 4, then 1 of 4; the mean is 2, then 4; the highest 3, then 8.
    assert told(old, new) == [
        ("train", "mass", "max", 3, 8, pytest.approx(5 / 3)),
        ("train", "mass", "mean", 2, 4, 1),
        ("train", "mass", "missing", 0.5, 0.25, -0.5),
    ]


def test_of_a_column_of_text_the_shares_of_values_are_compared():
    old = {"eval": split(10, island={"Dream": 5, "Biscoe": 5})}
    new = {"eval": split(10, island={"Dream": 6, "Biscoe": 3, "Torgersen": 1})}

    # Torgersen may have been there before, below the most frequent ones: only its number tells.
    assert told(old, new) == [
        ("eval", "island", "distinct values", 2, 3, 0.5),
        ("eval", "island", "share of 'Biscoe'", 0.5, 0.3, pytest.approx(-0.4)),
        ("eval", "island", "share of 'Dream'", 0.5, 0.6, pytest.approx(0.2)),
    ]


def test_of_many_values_those_are_told_whose_shares_changed_most():
    old = {"train": split(100, v={"a": 20, "b": 20, "c": 20, "d": 20, "e": 20})}
    new = {"train": split(100, v={"a": 10, "b": 15, "c": 19, "d": 31, "e": 25})}

    assert [figure for _, _, figure, *_ in told(old, new)] == [
        "share of 'd'",  # 0.11 up
        "share of 'a'",  # 0.10 down
        "share of 'b'",  # 0.05 down, as e is up: the first of the two
    ]


def test_what_is_new_or_of_another_type_comes_first():
    old = {"train": split(2, mass=[1.0, 3.0], sex={"f": 2})}
    new = {"train": split(2, mass=[1.0, 9.0], sex=[0.0, 1.0]), "valid": split(5)}

    found = told(old, new)

    # Then mass: its mean is 2, then 5; its highest 3, then 9.
    assert ("train", "sex", "type", "STRING", "FLOAT", None) in found[:-2]
    assert ("valid", None, "rows", None, 5, None) in found[:-2]
    assert [each[2] for each in found[-2:]] == ["max", "mean"]


def test_a_column_that_is_gone_is_one_change():
    old, new = {"train": split(2, mass=[1.0, 3.0])}, {"train": split(2)}

    assert told(old, new) == [("train", "mass", "type", "FLOAT", None, None)]


NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5)


@given(NUMBERS)
def test_equal_data_does_not_differ(values):
    data = {"train": split(len(values), v=values)}

    assert of_data(data, data) == []


@given(NUMBERS, NUMBERS)
def test_changes_come_in_the_order_of_their_size(old, new):
    found = of_data({"s": split(len(old), v=old)}, {"s": split(len(new), v=new)})

    sizes = [math.inf if each.change is None else abs(each.change) for each in found]
    assert sizes == sorted(sizes, reverse=True)
    assert all(each.old != each.new for each in found)


def test_a_file_that_is_damaged_is_left_out(tmp_path):
    whole = statistics_pb2.DatasetFeatureStatisticsList(datasets=[split(3)])
    for name, content in {
        "train": whole.SerializeToString(),
        "eval": b"\xff",
        "valid": b"",
    }.items():
        (tmp_path / f"Split-{name}").mkdir()
        (tmp_path / f"Split-{name}" / "FeatureStats.pb").write_bytes(content)

    assert list(splits(tmp_path)) == ["train"]
