"""Losses on three rows, worked out by hand, and what holds of any rows."""

import itertools
import math
from typing import Any

import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.columns import Head
from modules.errors import GateError
from modules.spec import losses
from modules.training.losses import Standardized, build_loss, check_labels

BINARY, THREE = Head("binary", 2), Head("multiclass", 3)
PLAIN = Head("regression", 0, 0.0, 1.0)  # a label whose unit is its standard deviation
COUNTS = Head("regression", 0, 2.0, 1.0)
LN2 = math.log(2)
ANY: list[tuple[Any, Head]] = [
    (losses.BinaryCrossentropy(label_smoothing=0.1), BINARY),
    (losses.Focal(gamma=0.5, alpha=0.25), BINARY),
    (losses.SparseCategoricalCrossentropy(label_smoothing=0.1), THREE),
    (losses.Focal(gamma=0.5, alpha=(1.0, 2.0, 3.0)), THREE),
    *((arm(), PLAIN) for arm in (losses.MeanSquaredError, losses.MeanAbsoluteError)),
    *((arm, PLAIN) for arm in (losses.Huber(delta=2.0), losses.LogCosh(), losses.Quantile())),
    *((arm(), COUNTS) for arm in (losses.MeanSquaredLogarithmicError, losses.Poisson)),
]
IDS = [f"{loss.name}-{head.task}" for loss, head in ANY]


def column(*numbers, dtype="float32"):
    return np.array(numbers, dtype)[:, np.newaxis]


def value(loss, head, y, p, weights=None):
    return float(build_loss(loss, head)(y, p, weights))


def with_gradient(loss, y, p):
    p = tf.constant(p)
    with tf.GradientTape() as tape:
        tape.watch(p)
        number = loss(y, p)
    return float(number), tape.gradient(number, p).numpy()


Y3 = column(0, 1, 2, dtype="int64")
P3 = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.5, 0.25, 0.25]], "float32")


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        # Right classes have 1/2, 1/4 and 1/2.
        (losses.BinaryCrossentropy(), (1 + 2 + 1) / 3 * LN2),
        # Labels of 0.9 and 0.1: -0.9 ln p - 0.1 ln(1 - p); the second row has 1/4 and 3/4.
        (
            losses.BinaryCrossentropy(label_smoothing=0.2),
            (2 * LN2 + 0.9 * 2 * LN2 - 0.1 * math.log(0.75)) / 3,
        ),
        # (1 - p)^2: 1/4, 9/16, 1/4
        (losses.Focal(), (0.25 * 1 + 9 / 16 * 2 + 0.25 * 1) / 3 * LN2),
        # The second class, of rows 1 and 2, weighs 1/4, the first 3/4.
        (losses.Focal(gamma=0, alpha=0.25), (1 / 4 * 1 + 1 / 4 * 2 + 3 / 4 * 1) / 3 * LN2),
        (losses.Focal(gamma=0, alpha=(3.0, 2.0)), (2 * 1 + 2 * 2 + 3 * 1) / 3 * LN2),
    ],
)
def test_a_loss_of_two_classes_is_as_its_paper_has_it(loss, expected):
    y, p = column(1, 1, 0, dtype="int64"), column(0.5, 0.25, 0.5)

    assert value(loss, BINARY, y, p) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        # Right classes have 1/2, 1/2 and 1/4.
        (losses.SparseCategoricalCrossentropy(), (1 + 1 + 2) / 3 * LN2),
        # 0.7 of the log loss, and 0.1 of that of each class, which is (1 + 2 + 2) ln 2 a row.
        (losses.SparseCategoricalCrossentropy(label_smoothing=0.3), (0.7 * 4 / 3 + 0.5) * LN2),
        (losses.Focal(), (0.25 * 1 + 0.25 * 1 + 9 / 16 * 2) / 3 * LN2),
        (losses.Focal(gamma=0, alpha=(1.0, 2.0, 3.0)), (1 * 1 + 2 * 1 + 3 * 2) / 3 * LN2),
    ],
)
def test_a_loss_of_several_classes_is_as_its_paper_has_it(loss, expected):
    assert value(loss, THREE, Y3, P3) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        # Errors of 1, 0 and -3 standard deviations of 10 dollars.
        (losses.MeanSquaredError(), (1 + 0 + 9) / 3),
        (losses.MeanAbsoluteError(), (1 + 0 + 3) / 3),
        # delta 2: 1/2, 0, and 2 * (3 - 2 / 2)
        (losses.Huber(delta=2.0), (0.5 + 0 + 4) / 3),
        (losses.LogCosh(), (math.log(math.cosh(1)) + math.log(math.cosh(3))) / 3),
        # Above the prediction 0.9 for each, below 0.1.
        (losses.Quantile(quantile=0.9), (0.9 * 1 + 0.1 * 3) / 3),
    ],
)
def test_a_regression_error_counts_in_standard_deviations_of_the_label(loss, expected):
    dollars, cents = Head("regression", 0, 50.0, 10.0), Head("regression", 0, 5000.0, 1000.0)
    y, p = column(60, 50, 30), column(50, 50, 60)

    assert value(loss, dollars, y, p) == pytest.approx(expected, rel=1e-5)
    assert value(loss, cents, 100 * y, 100 * p) == pytest.approx(expected, rel=1e-5)


def test_several_quantiles_cost_their_mean_whatever_loss_is_the_default():
    head = Head("quantile", mean=50.0, std=10.0, quantiles=(0.1, 0.9))
    y, p = column(60), np.array([[50.0, 70.0]], "float32")

    # 1 above costs 0.1; 1 below costs 0.1
    assert value(None, head, y, p) == pytest.approx(0.1, rel=1e-5)


def test_counts_and_ratios_are_of_the_label_itself():
    head = Head("regression", 0, 50.0, 10.0)
    y, p = column(0, 2, 3), column(1, 1, 7)

    # rate - label * ln rate: 1, 1, 7 - 3 ln 7
    assert value(losses.Poisson(), head, y, p) == pytest.approx((9 - 3 * math.log(7)) / 3)
    # ln of 1/2, 3/2 and 4/8
    ratios = [LN2, math.log(1.5), LN2]
    assert value(losses.MeanSquaredLogarithmicError(), head, y, p) == pytest.approx(
        sum(ratio**2 for ratio in ratios) / 3
    )


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_a_rows_loss_counts_as_often_as_its_weight_says(shape):
    weights = np.array([2.0, 0.0, 1.0], "float32").reshape(shape)

    # (2 * 1 + 0 + 1 * 3) / 3 rows
    found = value(losses.MeanAbsoluteError(), PLAIN, column(1, 0, 3), column(0, 9, 0), weights)

    assert found == pytest.approx(5 / 3)


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("binary", "binary_crossentropy"),
        ("multiclass", "sparse_categorical_crossentropy"),
        ("regression", "mean_squared_error"),
    ],
)
def test_a_task_has_a_loss_of_its_own(task, name):
    head = Head(task, 3)

    assert losses.default_loss(task).name == name
    assert build_loss(None, head).name == name


def test_a_student_is_judged_by_the_labels():
    distillation = losses.Distillation(teacher={"family": "mlp"})

    judged = value(distillation, BINARY, column(1, 0), column(0.5, 0.5))

    assert judged == pytest.approx(LN2)


SURE = {"binary": [[0.0], [1.0]], "multiclass": [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]}
FAR = [[-1e6], [0.0], [1e6]]


@pytest.mark.parametrize(("loss", "head"), ANY, ids=IDS)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_nothing_is_infinite_however_wrong_the_prediction(loss, head, dtype):
    highest = 1e3 if dtype == "float16" else 1e6  # a gradient of 65,504 is infinite in float16
    rows = np.clip(SURE.get(head.task, FAR), -highest, highest).astype(dtype)
    built = build_loss(loss, head)

    for p, label in itertools.product(rows, [0, 1, 2] if head.task != "binary" else [0, 1]):
        number, gradient = with_gradient(built, column(label), p[np.newaxis])
        assert np.isfinite(number)
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(("loss", "head"), ANY, ids=IDS)
def test_half_precision_is_computed_in_float32(loss, head):
    y = column(1, 0, 1)
    p = P3 if head.task == "multiclass" else P3[:, :1]

    found = build_loss(loss, head)(y, p.astype("float16"))

    # The probabilities are the same in float16.
    assert found.dtype == tf.float32
    assert float(found) == pytest.approx(value(loss, head, y, p), rel=1e-6)


@pytest.mark.parametrize(("loss", "head"), ANY, ids=IDS)
def test_a_loss_comes_back_from_its_file(loss, head):
    built = build_loss(loss, head)
    y, p = column(1, 0, 1), P3 if head.task == "multiclass" else P3[:, :1]

    read = keras.losses.deserialize(keras.losses.serialize(built))

    assert float(read(y, p)) == float(built(y, p))
    assert type(read) is type(built)


@pytest.mark.parametrize("loss", [losses.Focal(), losses.Focal(gamma=0, alpha=0.25)])
def test_a_surely_wrong_model_still_learns_by_focal_loss(loss):
    logit = tf.Variable([[-200.0]])  # a probability of 0 in float32
    built = build_loss(loss, BINARY)

    with tf.GradientTape() as tape:
        number = built(column(1), keras.activations.sigmoid(logit))

    assert float(tape.gradient(number, logit)[0, 0]) < -0.2


@pytest.mark.parametrize("loss", [losses.Poisson(), losses.MeanSquaredLogarithmicError()])
def test_a_prediction_below_0_comes_back(loss):
    _, gradient = with_gradient(build_loss(loss, PLAIN), column(2), column(-3))

    assert gradient[0, 0] < 0


def test_a_poisson_rate_has_no_step_where_its_prediction_is_small():
    head = Head("regression", 0, 1000.0, 1.0)  # the floor is a thousandth of the mean: 1
    around = [with_gradient(build_loss(losses.Poisson(), head), column(3), column(p)) for p in
              (0.9999, 1.0001)]  # fmt: skip

    # At a rate of 1: 1 - 3 ln 1 = 1, and a slope of 1 - 3 / 1
    for number, gradient in around:
        assert number == pytest.approx(1, abs=1e-3)
        assert gradient[0, 0] == pytest.approx(-2, abs=1e-3)


def test_labels_below_0_are_refused_by_losses_for_counts():
    labels = column(1, -3, 2)

    check_labels(losses.MeanSquaredError(), labels)
    check_labels(None, labels)
    check_labels(losses.Poisson(), np.abs(labels))
    with pytest.raises(GateError, match=r"training.loss: 'poisson' is for labels of 0 and more, "
                       r"the train split has -3"):  # fmt: skip
        check_labels(losses.Poisson(), labels)


NUMBERS = st.floats(-1e3, 1e3, width=32)
PROBABILITIES = st.floats(0, 1, width=32)


@hypothesis.given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_a_regression_loss_is_0_or_more_and_0_for_what_is_right(rows):
    y, p = (column(*numbers) for numbers in zip(*rows, strict=True))
    for loss, head in ANY:
        if head.task == "regression" and not isinstance(loss, losses.Poisson):
            assert value(loss, head, y, p) >= -1e-6
            assert value(loss, head, np.abs(y), np.abs(y)) == pytest.approx(0, abs=1e-6)


@hypothesis.given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_the_pinball_loss_of_the_median_is_half_the_absolute_error(rows):
    y, p = (column(*numbers) for numbers in zip(*rows, strict=True))

    half = value(losses.MeanAbsoluteError(), PLAIN, y, p) / 2

    assert value(losses.Quantile(), PLAIN, y, p) == pytest.approx(half, rel=1e-5)


@hypothesis.given(st.floats(0, 1e3, width=32), st.floats(-10, 1e3, width=32))
def test_no_rate_is_likelier_than_the_count_itself(y, p):
    head = Head("regression", 0, 1.0, 1.0)

    best = value(losses.Poisson(), head, column(y), column(max(y, 1e-4)))

    assert value(losses.Poisson(), head, column(y), column(p)) >= best - 1e-2 * max(1, abs(best))


@hypothesis.given(st.lists(st.tuples(st.integers(0, 1), PROBABILITIES), min_size=1, max_size=5))
def test_focal_loss_without_gamma_is_the_log_loss(rows):
    y, p = (column(*numbers) for numbers in zip(*rows, strict=True))

    log_loss = value(losses.BinaryCrossentropy(), BINARY, y, p)

    assert value(losses.Focal(gamma=0), BINARY, y, p) == pytest.approx(log_loss, rel=1e-5)
    assert 0 <= value(losses.Focal(), BINARY, y, p) <= log_loss + 1e-6


@hypothesis.given(
    st.integers(0, 2), st.lists(st.floats(1 / 64, 1, width=32), min_size=3, max_size=3)
)
def test_focal_loss_of_several_classes_without_gamma_is_kerass_log_loss(y, scores):
    p = np.array([scores], "float32") / np.sum(scores, dtype="float32")
    plain = float(keras.losses.SparseCategoricalCrossentropy()(column(y), p))

    assert value(losses.Focal(gamma=0), THREE, column(y), p) == pytest.approx(plain, abs=1e-5)
    assert value(None, THREE, column(y), p) == pytest.approx(plain, abs=1e-5)


def test_a_standardized_loss_says_which_it_is():
    built = build_loss(losses.Huber(), PLAIN)

    assert isinstance(built, Standardized)
    assert built.name == "huber"
