import numpy as np
import pytest

from pipeline.init.kinds import choose, fact, warning


def kind_of(column):
    return choose(column).model_dump(exclude_unset=True)


@pytest.mark.parametrize(
    ("values", "name", "expected"),
    [
        ([0.5, 1.5] * 50, "x", {"kind": "numeric"}),
        (range(100), "x", {"kind": "numeric"}),
        ([0, 1] * 50, "x", {"kind": "numeric"}),  # a flag
        ([*range(7)] * 20, "weekday", {"kind": "categorical"}),
        ([0] * 900 + [1, 2, 3], "children", {"kind": "numeric"}),  # rare: an amount
        ([2007, 2008, 2009] * 50, "year", {"kind": "numeric"}),  # more years will come
        (["1", "2", "3.0"] * 50, "x", {"kind": "numeric"}),  # 3 and 3.0 would be two categories
        ([*range(500, 540)] * 5, "store_id", {"kind": "categorical"}),
        ([*range(500, 540)] * 5, "storeId", {"kind": "categorical"}),
        ([*range(500, 540)] * 5, "paid", {"kind": "numeric"}),
        (["red", "blue"] * 50, "x", {"kind": "categorical"}),
        (["02134", "10001"] * 50, "x", {"kind": "categorical"}),
        (["true", "false"] * 50, "x", {"kind": "categorical"}),
        (["2013-01-01T05:15:00", "2013-01-02"], "x", {"kind": "timestamp"}),
        (
            ["2013-01-01", "2013-01-02"],
            "x",
            {"kind": "timestamp", "parts": ("day_of_week", "day_of_year")},
        ),
    ],
)
def test_the_kind_is_told_by_the_values(column, values, name, expected):
    assert kind_of(column(values, name)) == expected


def test_the_day_of_the_year_is_left_out_when_eval_has_days_that_train_never_saw(column):
    feature = choose(column(["2013-01-01T05:15:00", "2013-01-02"]), days_unseen=True)

    assert feature.parts == ("time_of_day", "day_of_week")


@pytest.mark.parametrize(
    ("rows", "times", "least"),
    [
        (1_000, 10, 2),
        (6_000, 60, 10),
        (6_000, 6, 5),
        (24_000, 240, 20),
        (24_000, 12, 10),
        (24_000, 6, 5),
    ],
)
def test_rare_values_of_many_share_an_id(column, rows, times, least):
    values = [f"v{place}" for place in range(rows // times)] * times

    assert kind_of(column(values)) == {"kind": "categorical", "min_count": least}


def test_very_many_values_are_hashed(column):
    values = [f"v{place}" for place in range(50_001)] * 2

    assert kind_of(column(values)) == {"kind": "hashed", "buckets": 20_000}


@pytest.fixture
def sentences():
    random = np.random.default_rng(1)
    words = [f"word{place}" for place in range(40)]
    return lambda length: [" ".join(random.choice(words, length)) for _ in range(300)]


def test_different_sentences_of_the_same_words_are_text(column, sentences):
    assert kind_of(column(sentences(8))) == {"kind": "text"}
    assert kind_of(column(sentences(3))) != {"kind": "text"}


def test_long_texts_get_more_tokens(column, sentences):
    # the next power of two
    assert kind_of(column(sentences(100))) == {"kind": "text", "max_tokens": 128}


def test_a_fact_says_what_a_reader_cannot_see_in_the_kind(column):
    numbers = column([1.5, 2.5, None, 40])
    categories = column(["a", "a", "b\n]", None])
    codes = column([*range(3)] * 10)

    assert fact(numbers, choose(numbers)) == "1.5 to 40, 3 values; 25.0% missing"
    assert fact(categories, choose(categories)) == ('2 values: "a" 50%, "b\\n]" 25%; 25.0% missing')
    assert fact(codes, choose(codes)).endswith("taken for codes; for an amount: numeric")


def test_numbers_with_a_stray_text_are_pointed_out(column):
    slip = column([*range(99), "tall"])  # 1 row of 100

    assert warning(slip) == (
        'numbers but for "tall": correct the data, or add them to data.missing'
    )
    assert warning(slip) in fact(slip, choose(slip))


@pytest.mark.parametrize(
    "values",
    [range(100), ["red", "blue"] * 50, ["02134", "10001"] * 50, [*range(90), *["red"] * 10]],
    ids=["numbers", "texts", "codes", "more than 1 row of 20"],
)
def test_other_columns_are_not(column, values):
    assert warning(column(values)) is None
