"""What a prediction that is the same for every row would get."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from pipeline.report.facts.constant import of_classes, of_numbers, of_thresholds
from pipeline.report.facts.plots import Confused, Threshold


def test_of_two_classes_it_is_the_share_of_positives():
    found = of_thresholds([Threshold(0.0, 1, 3, 0, 0), Threshold(0.5, 1, 0, 3, 0)])

    # 1 of 4 is positive
    assert found == {
        "auc": 0.5,
        "pr_auc": 0.25,
        "accuracy": 0.75,
        "log_loss": pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75)),
    }


def test_of_several_classes_it_is_their_shares():
    confused = [Confused("a", "a", 2), Confused("a", "b", 1), Confused("b", "b", 1)]

    # 3 of 4 are a
    found = of_classes(confused)

    assert found["accuracy"] == 0.75
    assert found["log_loss"] == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=9).filter(
        lambda rows: len({label for label, _ in rows}) > 1
    )
)
def test_of_a_number_it_is_the_mean(rows):
    labels, said = np.array(rows, float).T
    told = {
        "r2": metrics.r2_score(labels, said),
        "mse": metrics.mean_squared_error(labels, said),
        "rmse": metrics.root_mean_squared_error(labels, said),
    }

    found = of_numbers(told)

    if told["r2"] < 1:  # or else nothing is left to tell the label's own spread by
        assert found["r2"] == 0
        assert found["mse"] == pytest.approx(labels.var())
        assert found["rmse"] == pytest.approx(labels.std())
    else:
        assert found == {}


def test_without_rows_or_r2_nothing_is_known():
    assert of_thresholds([Threshold(0.0, 0, 0, 0, 0)]) == {}
    assert of_classes([]) == {}
    assert of_numbers({"rmse": 1.0}) == {}
