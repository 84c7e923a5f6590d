import datetime

import numpy as np
import pytest

from modules.errors import SpecError
from modules.spec.label import Label
from pipeline.init.split import by_group, by_hash, by_time, leaves_days_unseen, one_class


def days(count):
    first = datetime.date(2013, 1, 1)
    return [(first + datetime.timedelta(days=day)).isoformat() for day in range(count)]


@pytest.mark.parametrize(
    ("rows", "rarest", "shares"),
    [
        (100, 50, (0.6, 0.2, 0.2)),
        (5_000, 30, (0.6, 0.2, 0.2)),  # 6 rows of the rarest class are expected in eval
        (1_000, 500, (0.7, 0.15, 0.15)),
        (2_000, 1_000, (0.8, 0.1, 0.1)),
    ],
)
def test_less_data_gets_larger_splits_to_judge_by(rows, rarest, shares):
    split = by_hash(rows, rarest).split

    assert (split.train, split.valid, split.eval) == shares


def test_days_in_order_are_cut_at_70_and_85_percent(column):
    choice = by_time(column(days(100)))

    # 70 days end on 11 March (31 + 28 + 11), 85 on 26 March, 100 on 10 April
    assert choice.split.train == "2013-01-01/2013-03-11"
    assert choice.split.valid == "2013-03-12/2013-03-26"
    assert choice.split.eval == "2013-03-27/2013-04-10"
    assert choice.sizes == (70, 15, 15)


def test_the_order_of_the_rows_does_not_matter(column):
    assert by_time(column(days(100)[::-1])).split == by_time(column(days(100))).split


def test_moments_of_one_day_are_cut_between_seconds(column):
    choice = by_time(column([f"2013-01-01T00:00:{second:02}" for second in range(20)]))

    assert choice.split.train == "2013-01-01T00:00:00/2013-01-01T00:00:13"
    assert choice.split.valid == "2013-01-01T00:00:14/2013-01-01T00:00:16"
    assert choice.sizes == (14, 3, 3)


def test_rows_of_one_moment_stay_together(column):
    # 3 moments: each split has one, whatever its share
    choice = by_time(column(["2013-01-01"] * 5 + ["2013-01-02"] * 90 + ["2013-01-03"] * 5))

    assert choice.sizes == (5, 90, 5)


def test_rows_without_a_moment_are_in_no_split(column):
    choice = by_time(column([*days(100), None]))

    assert sum(choice.sizes) == 100
    assert choice.places[-1] == -1


def test_days_of_the_year_are_unseen_until_train_spans_a_year(column):
    assert leaves_days_unseen(by_time(column(days(365))))
    assert not leaves_days_unseen(by_time(column(days(730))))
    assert not leaves_days_unseen(by_hash(365, 100))


def test_rows_of_one_group_stay_together(column):
    groups = [f"g{row % 50}" for row in range(1_000)]

    choice = by_group(column(groups), 500)

    assert sum(choice.sizes) == 1_000
    for group in range(50):
        assert len(set(choice.places[group::50])) == 1


def test_a_split_that_stays_empty_is_refused(column):
    with pytest.raises(SpecError, match="'x' has 2 values, too few to give each of train"):
        by_group(column(["a", "b"] * 500), 500)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["abc", "def"], "holds 'abc', 'def', expected moments in ISO 8601"),
        ([1, 2, 3], "expected moments"),
        ([None], "holds nothing"),
        (["2013-01-01", "2013-01-02"], "has 2 moments, expected at least 3"),
    ],
)
def test_what_is_no_time_is_refused(column, values, text):
    with pytest.raises(SpecError) as refused:
        by_time(column(values))

    assert text in str(refused.value)


def test_a_split_with_one_class_is_named(column):
    choice = by_time(column(days(100)))
    label = Label(column="y", task="binary", classes=("no", "yes"))

    [problem] = one_class(choice, label, (np.arange(100) < 85) * (np.arange(100) % 2).astype(float))

    assert problem.startswith("data.split: eval has only rows of class 'no'")
