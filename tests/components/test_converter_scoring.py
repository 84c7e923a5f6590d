"""Headline metrics of converted models, and predictions made piece by piece."""

import numpy as np
import pytest

from components.converter.scoring import metric, predictions


def column(*values):
    return np.array(values, np.float64)[:, np.newaxis]


@pytest.mark.parametrize(
    ("labels", "scores", "expected"),
    [
        # pairs of a 1 and a 0: (.9, .1) (.9, .5) (.4, .1) in order, (.4, .5) is not
        ([0, 1, 0, 1], [0.1, 0.9, 0.5, 0.4], 3 / 4),
        ([0, 1, 1], [0.5, 0.5, 0.7], 1.5 / 2),  # a tie is half in order
        ([0, 1, -1], [0.2, 0.1, 0.0], 0),  # without a label: does not count
        ([1, 1], [0.2, 0.1], None),
    ],
)
def test_auc_is_the_share_of_pairs_in_order(labels, scores, expected):
    assert metric("auc", np.array(labels), column(*scores)) == expected


def test_accuracy_is_the_share_of_rows_whose_likeliest_class_is_right():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.1, 0.8, 0.1], [1, 0, 0]])

    # right, wrong, right; the fourth has no label
    assert metric("accuracy", np.array([0, 1, 1, -1]), probabilities) == pytest.approx(2 / 3)


def test_rmse_is_in_the_unit_of_the_label():
    labels = np.array([1, 2, np.nan])

    # the root of (3² + 4²) / 2
    assert metric("rmse", labels, column(4, 6, 0)) == pytest.approx(12.5**0.5)


def test_a_prediction_that_is_no_number_leaves_the_metric_without_a_value():
    assert metric("rmse", np.array([1.0]), column(np.nan)) is None
    assert metric("rmse", np.array([]), np.empty((0, 1))) is None


@pytest.mark.parametrize("rows", [1, 1024, 1025])
def test_every_row_is_predicted_once_and_in_order(rows):
    examples = {"x": np.arange(rows * 2.0).reshape(rows, 2), "label": np.zeros(rows)}

    predicted = predictions(lambda columns: columns["x"][:, :1] + 1, examples, ["x"], rows)

    assert predicted[:, 0].tolist() == [2.0 * row + 1 for row in range(rows)]
