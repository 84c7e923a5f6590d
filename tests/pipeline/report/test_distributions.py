"""How far two columns are apart, by their statistics."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.facts.column import distance_of
from pipeline.report.facts.distributions import Shares, of_texts, ranges
from tests.pipeline.report.outputs import dataset, number_column, text_column


def column_of_numbers(*buckets):
    found = dataset(10)
    number_column(found, "mass", buckets)
    return found.features[0]


def column_of_texts(**counts):
    found = dataset(10)
    text_column(found, "island", counts)
    return found.features[0]


def test_columns_that_are_alike_are_not_apart():
    numbers, texts = column_of_numbers((0, 1, 5), (1, 2, 5)), column_of_texts(a=3, b=7)

    for column in (numbers, texts):
        distance = distance_of(column, column)

        assert (distance.l_infinity, distance.jensen_shannon, distance.psi) == (0, 0, 0)


def test_shares_of_texts_are_compared_value_by_value():
    distance = distance_of(column_of_texts(a=5, b=5), column_of_texts(a=9, b=1))

    assert distance.l_infinity == pytest.approx(0.4)
    # 0.4 * ln(0.9 / 0.5) - 0.4 * ln(0.1 / 0.5) = 0.4 * ln 9
    assert distance.psi == pytest.approx(0.4 * math.log(9))
    # middle 0.7, 0.3: half of 0.5 log2(5/7) + 0.5 log2(5/3) + 0.9 log2(9/7) + 0.1 log2(1/3)
    assert distance.jensen_shannon == pytest.approx(
        (0.5 * np.log2(5 / 7) + 0.5 * np.log2(5 / 3) + 0.9 * np.log2(9 / 7) + 0.1 * np.log2(1 / 3))
        / 2
    )


def test_columns_without_a_value_in_common_are_as_far_apart_as_can_be():
    texts = distance_of(column_of_texts(a=4), column_of_texts(b=4))
    numbers = distance_of(column_of_numbers((0, 1, 4)), column_of_numbers((7, 9, 4)))

    for distance in (texts, numbers):
        assert distance.jensen_shannon == pytest.approx(1)
        assert distance.l_infinity == pytest.approx(1)


def test_a_constant_that_becomes_another_is_far_from_it():
    distance = distance_of(column_of_numbers((3, 3, 4)), column_of_numbers((5, 5, 4)))

    assert distance.jensen_shannon == pytest.approx(1)


def test_a_number_that_many_rows_have_keeps_its_share():
    # 6 of 10 are 0, the others between 0 and 4
    shares = Shares.of(column_of_numbers((0, 0, 3), (0, 0, 3), (0, 4, 4)).num_stats)

    assert shares.up_to(np.array([-1.0, 0.0, 2.0, 4.0])).tolist() == pytest.approx([0, 0.6, 0.8, 1])


def test_what_lies_close_together_is_known_beside_the_tail():
    column = column_of_numbers((0, 0, 5), (0, 0, 5))  # both kinds of histogram
    standard, quantiles = column.num_stats.histograms
    del standard.buckets[:], quantiles.buckets[:]
    # Of 10 numbers 9 are 0 and one is 8: in ranges of one width 9 are below 4.
    standard.buckets.add(low_value=0, high_value=4, sample_count=9)
    standard.buckets.add(low_value=4, high_value=8, sample_count=1)
    quantiles.buckets.add(low_value=0, high_value=0, sample_count=5)
    quantiles.buckets.add(low_value=0, high_value=8, sample_count=5)

    shares = Shares.of(column.num_stats)

    # at 0 half, by the quantiles; at 4 nine tenths, by the others
    assert shares.up_to(np.array([0.0, 2.0, 4.0, 8.0])).tolist() == pytest.approx(
        [0.5, 0.7, 0.9, 1]
    )


def test_a_column_without_finite_values_has_no_distribution():
    column = column_of_numbers((-math.inf, math.inf, 3))

    assert Shares.of(column.num_stats) is None
    assert distance_of(column, column) is None


def test_a_number_and_a_text_are_not_compared():
    assert distance_of(column_of_numbers((0, 1, 1)), column_of_texts(a=1)) is None


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any),
    st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any),
)
def test_distances_stay_within_their_bounds(old, new):
    columns = [
        column_of_numbers(*[(at, at + 1, count) for at, count in enumerate(counts)])
        for counts in (old, new)
    ]

    distance = distance_of(*columns)
    shares = [Shares.of(column.num_stats) for column in columns]

    assert 0 <= distance.l_infinity <= 1
    assert 0 <= distance.jensen_shannon <= 1 + 1e-9
    assert distance.psi >= -1e-12
    for each in shares:
        assert each.between(ranges(shares, 7)).sum() == pytest.approx(1)


def test_values_beyond_the_most_frequent_count_as_one():
    # 0.4 of the old, 0.1 of the new are none of those that are listed
    assert of_texts({"a": 0.6}, {"a": 0.9}).l_infinity == pytest.approx(0.3)
