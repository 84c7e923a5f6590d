"""Which split a row goes to: always the same one, in the shares and intervals of the spec."""

import numpy as np
import pyarrow as pa
import pydantic
import pytest

from components.example_gen.config import Split
from components.example_gen.splitting import NO_SPLIT, assign
from components.hashing import fractions

TRAIN, VALID, EVAL = 0, 1, 2
YEARS = {"train": "2012-01-01/2012-12-31", "eval": "2013-01-01/2013-12-31"}


def split(**values):
    return pydantic.TypeAdapter(Split).validate_python(values)


def numbered(count):
    return pa.record_batch({"x": pa.array(range(count), pa.float32())})


def test_each_split_gets_its_share_of_the_rows():
    shares = split(by="hash", train=0.7, valid=0.2, eval=0.1)

    places = assign(numbered(20_000), ["x"], shares)

    # Of 20,000 rows, a share p has a standard deviation of sqrt(p (1 - p) / 20,000) < 0.0033;
    # five of them are 0.0165. The rows are always the same, so this passes always or never.
    found = np.bincount(places, minlength=3) / 20_000
    assert found == pytest.approx([0.7, 0.2, 0.1], abs=0.0165)


def test_shares_that_sum_to_one_leave_no_row_out():
    # 0.7 + 0.2 + 0.1 is 0.9999999999999999 in floating point.
    shares = split(by="hash", train=0.7, valid=0.2, eval=0.1)

    assert (assign(numbered(20_000), ["x"], shares) != NO_SPLIT).all()


def test_shares_below_one_leave_the_rest_out():
    places = assign(numbered(20_000), ["x"], split(by="hash", train=0.3, eval=0.2))

    # 0.5 left out; five standard deviations are 0.018
    assert (places == NO_SPLIT).mean() == pytest.approx(0.5, abs=0.018)
    assert set(places) == {NO_SPLIT, 0, 1}


def test_the_hash_is_the_one_of_every_release():
    # Another hash would move rows from train to eval between two releases, of ours or of pandas,
    # and a model would be judged by rows that it has learned.
    text, number = pa.array(["headrace"]), pa.array([1.5], pa.float32())

    assert fractions([text], 0).item() == pytest.approx(0.17169681450992424, abs=1e-15)
    assert fractions([text], 1).item() == pytest.approx(0.26064723328787276, abs=1e-15)
    assert fractions([number], 0).item() == pytest.approx(0.16387735616759413, abs=1e-15)


def test_rows_are_where_every_release_puts_them():
    rows = pa.record_batch(
        {
            "x": pa.array([1.5, None, 0.1, 1e10, -3], pa.float32()),
            "t": pa.array(["a", "é", None, "", "a"]),
        }
    )

    places = assign(rows, ["x", "t"], split(by="hash", train=0.4, valid=0.3, eval=0.3))

    assert places.tolist() == [0, 2, 1, 2, 0]


def test_zero_with_a_minus_is_zero():
    zeros = fractions([pa.array([0.0, -0.0], pa.float32())], 0)

    assert zeros[0] == zeros[1]


def test_equal_rows_fall_together_and_others_beside_them_change_nothing():
    row = {"x": 1.5, "t": "a"}
    other = {"x": None, "t": "b"}
    shares = split(by="hash", train=0.5, eval=0.5)

    def places(*rows):
        schema = pa.schema({"x": pa.float32(), "t": pa.string()})
        return assign(pa.RecordBatch.from_pylist(list(rows), schema), ["x", "t"], shares).tolist()

    assert places(row, other, row) == places(row) + places(other) + places(row)


def test_a_missing_value_is_not_an_empty_text():
    missing, empty = fractions([pa.array([None, ""], pa.string())], 0)

    assert missing != empty


def test_the_column_of_a_value_matters():
    one, other = fractions([pa.array(["a", "b"]), pa.array(["b", "a"])], 0)

    assert one != other


def test_the_order_of_rows_does_not_matter():
    rows = numbered(100)
    shares = split(by="hash", train=0.5, eval=0.5)
    backwards = rows.take(pa.array(range(99, -1, -1)))

    assert assign(backwards, ["x"], shares).tolist() == assign(rows, ["x"], shares).tolist()[::-1]


def test_another_seed_is_another_split():
    shares = {"by": "hash", "train": 0.5, "eval": 0.5}

    first, second = (assign(numbered(1000), ["x"], split(**shares, seed=seed)) for seed in (0, 1))

    # Independent halves agree in half the rows; five standard deviations are 0.08.
    assert (first == second).mean() == pytest.approx(0.5, abs=0.08)


def test_a_group_is_never_in_two_splits():
    groups = [f"group {row % 50}" for row in range(1000)]
    batch = pa.record_batch({"g": pa.array(groups), "x": pa.array(range(1000))})
    shares = split(by="group", column="g", train=0.5, valid=0.3, eval=0.2)

    places = assign(batch, ["x"], shares)

    of_group = {
        name: {place for n, place in zip(groups, places, strict=True) if n == name}
        for name in groups
    }
    assert {len(found) for found in of_group.values()} == {1}
    assert set(places) == {TRAIN, VALID, EVAL}


def test_a_group_is_in_the_same_split_in_every_batch():
    shares = split(by="group", column="g", train=0.5, eval=0.5)
    one, other = (
        pa.record_batch({"g": pa.array(names)}) for names in (["a", "b"], ["b", "c", "a"])
    )

    first, second = assign(one, [], shares), assign(other, [], shares)

    assert (first[0], first[1]) == (second[2], second[0])


def test_rows_without_a_group_are_a_group():
    shares = split(by="group", column="g", train=0.5, eval=0.5)
    batch = pa.record_batch({"g": pa.array([None, "a", None], pa.string())})

    places = assign(batch, [], shares)

    assert places[0] == places[2] != NO_SPLIT


def test_numbers_can_be_groups():
    shares = split(by="group", column="g", train=0.5, eval=0.5)

    places = assign(pa.record_batch({"g": pa.array([1, 2, 1], pa.float32())}), [], shares)

    assert places[0] == places[2]


def test_both_ends_of_an_interval_are_inside_and_the_last_day_is_whole():
    rows = {
        "2012-12-31T23:59:59": NO_SPLIT,
        "2013-01-01T00:00:00": TRAIN,
        "2013-09-30T23:59:59": TRAIN,
        "2013-10-01T00:00:00": NO_SPLIT,
        "2013-11-01T00:00:00": EVAL,
        "2013-11-30T12:00:00": EVAL,
        "2013-11-30T12:00:01": NO_SPLIT,
    }
    by_time = split(
        by="time",
        column="when",
        train="2013-01-01/2013-09-30",
        valid="2013-10-02/2013-10-02",
        eval="2013-11-01/2013-11-30T12:00:00",
    )

    places = assign(pa.record_batch({"when": pa.array(list(rows))}), [], by_time)

    assert dict(zip(rows, places, strict=True)) == rows


def test_a_row_without_a_moment_is_in_no_split():
    by_time = split(
        by="time", column="when", train="2012-01-01/2012-12-31", eval="2013-01-01/2013-12-31"
    )

    places = assign(pa.record_batch({"when": pa.array([None, "2013-05-05T00:00:00"])}), [], by_time)

    assert places.tolist() == [NO_SPLIT, 1]


def test_a_column_names_the_split_and_other_values_are_left_out():
    by_column = split(by="column", column="fold", train="A", eval="B")
    batch = pa.record_batch({"fold": pa.array(["B", "A", "C", None])})

    assert assign(batch, [], by_column).tolist() == [1, 0, NO_SPLIT, NO_SPLIT]


@pytest.mark.parametrize(
    "shares",
    [
        {"by": "hash", "train": 0.5, "eval": 0.5},
        {"by": "group", "column": "x", "train": 0.5, "eval": 0.5},
        {"by": "column", "column": "x"},
        {
            "by": "time",
            "column": "x",
            "train": "2012-01-01/2012-12-31",
            "eval": "2013-01-01/2014-01-01",
        },
    ],
)
def test_no_rows_have_no_places(shares):
    batch = pa.record_batch({"x": pa.array([], pa.string())})

    assert assign(batch, ["x"], split(**shares)).tolist() == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"by": "hash", "train": 0.9, "eval": 0.2}, "shares of the splits sum to 1.1, expected 1"),
        ({"by": "time", "train": "2013-01-01/2013-06-30", "eval": "2013-06-30/2013-12-31"},
         "splits 'train' and 'eval' overlap: a row has one split"),
        ({"by": "time", "train": "2013-01-01", "eval": "2013-06-30/2013-12-31"},
         "expected 'start/end' in ISO 8601"),
        ({"by": "time", "train": "2013-02-01/2013-01-01", "eval": "2013-06-30/2013-12-31"},
         "the interval ends before it starts"),
        ({"by": "time", "train": "2013-01-01/2013-02-01T00:00Z", "eval": "2013-06-30/2013-12-31"},
         "expected 'start/end' in ISO 8601"),
    ],
)  # fmt: skip
def test_splits_that_contradict_themselves_are_refused(values, problem):
    column = {"column": "when"} if values["by"] == "time" else {}

    with pytest.raises(pydantic.ValidationError, match=problem):
        split(**values, **column)
