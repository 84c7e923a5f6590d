import numpy as np
import pytest

from modules.spec.label import Label
from pipeline.init.leak import half, score

BINARY = Label(column="y", task="binary", classes=("0", "1"))
CLASSES = Label(column="y", task="multiclass", classes=("a", "b", "c"))
REGRESSION = Label(column="y", task="regression")


@pytest.fixture
def random():
    return np.random.default_rng(7)


def test_half_of_the_rows_are_held_out_the_same_on_every_machine():
    # the first output of SplitMix64 from seed 0 is known to be e220a8397b1dcdaf, which is odd
    assert half(1).tolist() == [True]
    assert abs(half(10_000).mean() - 0.5) < 0.02
    assert half(10_000)[:50].tolist() == half(50).tolist()


def test_the_number_that_a_label_was_made_of_is_a_leak(column, random):
    delay = random.normal(0, 30, 2_000).round()
    late = (delay > 15).astype(float)

    found = score(column(delay), late, BINARY)

    assert found.metric == "auc"
    assert found.value > 0.99
    assert found.is_leak


def test_a_column_that_is_only_filled_for_one_class_is_a_leak(column, random):
    label = random.integers(0, 2, 500).astype(float)

    found = score(column([None if value else "late" for value in label]), label, BINARY)

    assert found.is_leak
    assert found.value == 1


def test_a_good_feature_is_no_leak(column, random):
    label = random.integers(0, 2, 4_000).astype(float)
    # two normals 2 apart: AUC is the normal distribution at 2 / sqrt(2), 0.921
    found = score(column(random.normal(2 * label)), label, BINARY)

    assert found.value == pytest.approx(0.921, abs=0.02)
    assert not found.is_leak


def test_an_id_does_not_look_like_a_leak(column, random):
    label = random.integers(0, 2, 1_000).astype(float)

    found = score(column([f"id {row}" for row in range(1_000)]), label, BINARY)

    # no id of the half that is asked was seen in the other
    assert found.value == 0.5


@pytest.mark.parametrize("rows", [60, 300, 20_000])
@pytest.mark.parametrize(
    "bend", [np.exp, np.negative, lambda x: x**3], ids=["exp", "minus", "cube"]
)
def test_a_copy_of_an_amount_is_a_leak_however_it_is_bent(column, random, bend, rows):
    price = random.normal(0, 2, rows)

    assert score(column(bend(price)), price, REGRESSION).is_leak


def test_a_copy_with_a_little_noise_is_a_leak(column, random):
    price = random.normal(0, 1, 5_000)
    copy = price + random.normal(0, 0.02, 5_000)

    assert score(column(copy), price, REGRESSION).is_leak


def test_a_feature_that_explains_nine_tenths_of_an_amount_is_none(column, random):
    signal = random.normal(0, 3, 20_000)
    price = signal + random.normal(0, 1, 20_000)

    found = score(column(signal), price, REGRESSION)

    # variance 9 of 10
    assert found.metric == "r2"
    assert found.value == pytest.approx(0.9, abs=0.01)
    assert not found.is_leak


def test_a_code_of_the_class_is_a_leak_and_a_frequent_class_is_not(column, random):
    label = random.integers(0, 3, 600).astype(float)
    frequent = (random.random(600) < 0.01).astype(float)

    assert score(column([f"code {int(value)}" for value in label]), label, CLASSES).is_leak
    # always answering the majority is right in 99 % of the rows, and tells nothing
    assert not score(column(random.normal(size=600)), frequent, CLASSES).is_leak


def test_too_few_rows_tell_nothing(column):
    label = np.array([0.0, 1.0] * 10)

    assert score(column(label), label, BINARY) is None
    assert score(column(label), label, REGRESSION) is None
