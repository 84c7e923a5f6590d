"""What each kind of feature becomes, through Beam's real analysis of a few rows."""

import math

import numpy as np
import pytest

from modules.columns import columns
from modules.preprocessing import vocabulary_name

NAN, INF = math.nan, math.inf


def cardinalities(rows):
    """By transformed column, how many ids it has, None for numbers."""
    return {column.name: column.cardinality for column in columns(rows.output, rows.spec.label)}


@pytest.fixture(scope="module")
def numbers(transform):
    """Numbers of each kind in one analysis: a row a value of each column."""
    values = {
        "x": [1.0, 3.0, None, NAN, INF, -INF],
        "income": [0.0, math.e - 1, -(math.e - 1), None, NAN, INF],
        "same": [7.0, 7.0, 7.0, None, NAN, INF],
        "nobody knows": [None, NAN, None, None, None, INF],
        "age": [1.0, 2.0, 3.0, 4.0, None, NAN],
    }
    features = {
        "x": {"kind": "numeric"},
        "income": {"kind": "numeric", "scale": "log"},
        "same": {"kind": "numeric"},
        "nobody knows": {"kind": "numeric"},
        "age": {"kind": "bucketized", "buckets": 2},
    }
    rows = [{name: column[row] for name, column in values.items()} for row in range(6)]
    return transform(features, rows)


def test_a_number_becomes_its_z_score_and_a_missing_one_the_average_with_a_flag(numbers):
    # Mean (1 + 3) / 2 = 2, standard deviation 1. Missing, NaN and infinite values do not count
    # towards them, land on the mean and are flagged.
    assert numbers["x_xf"] == pytest.approx(
        np.array([[-1, 0], [1, 0], [0, 1], [0, 1], [0, 1], [0, 1]])
    )


def test_a_log_number_keeps_its_sign_and_is_scaled_after_the_logarithm(numbers):
    # sign(x) log(1 + |x|) of 0, e - 1 and 1 - e is 0, 1 and -1: mean 0, deviation sqrt(2 / 3).
    scaled = math.sqrt(3 / 2)
    assert numbers["income_xf"] == pytest.approx(
        np.array([[0, 0], [scaled, 0], [-scaled, 0], [0, 1], [0, 1], [0, 1]]), abs=1e-6
    )


def test_a_number_that_is_always_the_same_is_scaled_to_0(numbers):
    assert numbers["same_xf"] == pytest.approx(
        np.array([[0, 0], [0, 0], [0, 0], [0, 1], [0, 1], [0, 1]])
    )


def test_a_number_that_is_never_there_is_always_flagged(numbers):
    assert numbers["nobody knows_xf"].tolist() == [[0, 1]] * 6


def test_a_bucket_is_an_id_from_1_and_a_missing_number_is_0(numbers):
    # Two buckets of 1, 2, 3, 4, the second from the median 3 on.
    assert numbers["age_xf"].ravel().tolist() == [1, 1, 2, 2, 0, 0]
    assert cardinalities(numbers)["age_xf"] == 3


def test_a_number_far_out_is_cut_off_at_8_deviations(transform):
    # 99 zeros and a one: mean 0.01, deviation sqrt(0.01 * 0.99) = 0.0995, so 0.99 / 0.0995 = 9.95.
    rows = [{"x": 0.0} for _ in range(99)] + [{"x": 1.0}]

    scaled = transform({"x": {"kind": "numeric"}}, rows)["x_xf"]

    assert scaled[-1].tolist() == [8.0, 0.0]
    assert scaled[0, 0] == pytest.approx(-0.01 / 0.0995, rel=1e-3)


def test_numbers_have_no_cardinality_and_two_entries(numbers):
    (column,) = [
        each for each in columns(numbers.output, numbers.spec.label) if each.name == "x_xf"
    ]

    assert (column.width, column.dtype, column.cardinality) == (2, "float32", None)


@pytest.fixture(scope="module")
def categories(transform):
    """Carriers four, three, two times and once, then a row without and one of empty text."""
    carriers = ["UA"] * 4 + ["AA"] * 3 + ["B6"] * 2 + ["Ünïcode ✈"] + [None, ""]
    features = {
        "carrier": {"kind": "categorical"},
        "common": {"kind": "categorical", "min_count": 3},
        "first two": {"kind": "categorical", "max_size": 2},
        "é b/c": {"kind": "categorical"},
        "nobody knows": {"kind": "categorical"},
        "tail": {"kind": "hashed", "buckets": 4},
    }
    names = [name for name in features if name != "nobody knows"]
    return transform(features, [dict.fromkeys(names, carrier) for carrier in carriers])


def ids(rows, name):
    """The distinct ids in the order of the carriers."""
    return list(dict.fromkeys(rows[name].ravel().tolist()))


def test_categories_are_numbered_by_their_frequency_and_missing_is_0(categories):
    # UA 1, AA 2, B6 3, the rarest 4; None and "" are missing
    assert ids(categories, "carrier_xf") == [1, 2, 3, 4, 0]
    assert categories["carrier_xf"].ravel().tolist()[-2:] == [0, 0]
    # missing, four known, unknown
    assert cardinalities(categories)["carrier_xf"] == 6


def test_categories_under_the_least_count_share_the_unknown_id(categories):
    # UA 1 and AA 2 are kept, 3 is unknown
    assert ids(categories, "common_xf") == [1, 2, 3, 0]
    assert cardinalities(categories)["common_xf"] == 4


def test_only_the_most_frequent_categories_are_kept(categories):
    assert ids(categories, "first two_xf") == [1, 2, 3, 0]
    assert cardinalities(categories)["first two_xf"] == 4


def test_a_column_may_have_any_name(categories):
    assert categories["é b/c_xf"].tolist() == categories["carrier_xf"].tolist()


def test_a_category_that_nobody_has_is_missing_everywhere(categories):
    assert ids(categories, "nobody knows_xf") == [0]
    # An embedding needs room for the unknown id, which a request may have.
    assert cardinalities(categories)["nobody knows_xf"] >= 2


def test_a_hash_is_an_id_from_1_and_missing_is_0(categories):
    found = ids(categories, "tail_xf")

    assert set(found) <= {0, 1, 2, 3, 4}
    assert categories["tail_xf"].ravel().tolist()[-2:] == [0, 0]
    assert len(set(categories["tail_xf"].ravel()[:4])) == 1  # four times the same carrier
    assert cardinalities(categories)["tail_xf"] == 5


@pytest.fixture(scope="module")
def scored(categories):
    """Transforms rows that were not analysed, as serving does; ids by column."""
    import tensorflow as tf

    def scored(text):
        column = tf.sparse.from_dense([[text]])
        raw = dict.fromkeys([*categories.spec.features, "label"], column)
        found = categories.output.transform_features_layer()(raw)
        return {name: int(column[0, 0]) for name, column in found.items() if name != "label_xf"}

    return scored


def test_a_category_that_training_never_saw_has_an_id_of_its_own(scored):
    found = scored("never seen")

    # The last id of 6, of 4 and of 4: neither missing nor one of those known.
    assert (found["carrier_xf"], found["common_xf"], found["first two_xf"]) == (5, 3, 3)
    assert found["tail_xf"] > 0


def test_every_id_is_below_the_cardinality(scored, categories):
    limits = cardinalities(categories)

    for text in ("UA", "B6", "never seen", "ü", " "):
        found = scored(text)
        assert all(0 <= found[name] < limits[name] for name in found), (text, found)


@pytest.fixture(scope="module")
def texts(transform):
    remarks = [
        "Hello, hello WORLD!",
        "hello   world don't stop here",
        "GRÖSSE größe 写 42",
        "!?",
        "",
        None,
    ]
    feature = {"kind": "text", "max_tokens": 4, "min_count": 1}
    features = {
        "all": feature,
        "two": {**feature, "min_count": 2},
        "one": {**feature, "max_size": 1, "max_tokens": 1},
    }
    return transform(features, [dict.fromkeys(features, remark) for remark in remarks])


def test_words_are_cut_lower_cased_and_padded(texts):
    hello, world = texts["all_xf"][0, [0, 2]]

    # "Hello, hello WORLD!": case and punctuation do not matter; hello (3 times) is the most
    # frequent word, then world (2).
    assert (hello, world) == (1, 2)
    assert texts["all_xf"][0].tolist() == [1, 1, 2, 0]


def test_words_beyond_the_last_token_are_left_out(texts):
    found = texts["all_xf"][1]

    # hello world don't stop | here: `don't` is one word
    assert found.tolist()[:2] == [1, 2]
    assert len(set(found.tolist())) == 4
    assert 0 not in found


def test_words_of_every_language_are_words(texts):
    found = texts["all_xf"][2]

    # grösse, größe, 写 and 42: the capitals of ß are SS, and do not become ß again.
    assert len(set(found.tolist())) == 4
    assert 0 not in found


@pytest.mark.parametrize("row", [3, 4, 5], ids=["punctuation", "empty", "missing"])
def test_a_row_without_words_is_all_padding(texts, row):
    for name in ("all_xf", "two_xf", "one_xf"):
        assert not texts[name][row].any()


def test_rare_words_share_the_unknown_id(texts):
    # hello 1, world 2 (twice or more); all others 3
    assert texts["two_xf"].tolist()[:3] == [[1, 1, 2, 0], [1, 2, 3, 3], [3, 3, 3, 3]]
    assert cardinalities(texts)["two_xf"] == 4


def test_a_vocabulary_and_a_row_may_hold_one_word(texts):
    assert texts["one_xf"].tolist() == [[1], [1], [2], [0], [0], [0]]
    assert cardinalities(texts)["one_xf"] == 3


def test_a_moment_is_told_from_a_missing_one(transform):
    rows = [{"when": "2013-01-01T06:00:00"}, {"when": "soon"}, {"when": ""}, {}]

    found = transform({"when": {"kind": "timestamp", "parts": ["time_of_day"]}}, rows)

    # A quarter of a day: sine 1, cosine 0. Nothing known: 0, 0 and the flag.
    assert found["when_xf"] == pytest.approx(
        np.array([[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]), abs=1e-6
    )


HASHED = {"x": {"kind": "hashed", "buckets": 2}}  # a feature that needs no analysis


@pytest.mark.parametrize(
    ("label", "values", "expected"),
    [
        ({"task": "binary"}, ["0", "1", None], [0, 1, -1]),
        ({"task": "binary", "classes": ["no", "yes"]}, ["yes", "no", "Yes"], [1, 0, -1]),
        (
            {"task": "multiclass", "classes": ["b", "a", "é"]},
            ["a", "b", "é", "c", ""],
            [1, 0, 2, -1, -1],
        ),
    ],
)
def test_a_class_is_its_place_among_the_classes_or_minus_1(transform, label, values, expected):
    rows = transform(HASHED, [{"y": value} for value in values], {"column": "y", **label})

    assert rows["y_xf"].ravel().tolist() == expected
    assert rows["y_xf"].dtype == np.int64


def test_a_number_to_predict_stays_as_it_is(transform):
    label = {"column": "fare", "task": "regression"}
    fares = [1.5, -2.0, None, INF]

    rows = transform(HASHED, [{"fare": fare} for fare in fares], label)

    assert rows["fare_xf"].ravel() == pytest.approx([1.5, -2, NAN, NAN], nan_ok=True)
    assert rows["fare_xf"].dtype == np.float32


def test_vocabularies_of_two_columns_never_share_a_file():
    names = ["a b", "a_b", "a/b", "a-20-b", "é", "A b"]

    assert len({vocabulary_name(name) for name in names}) == len(names)
    assert all(set(vocabulary_name(name)) & set("/ \\") == set() for name in names)
