"""A student's loss on three rows, worked out by hand."""

import math

import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.columns import Head
from modules.spec.losses import Distillation
from modules.training.distillation import DistillationLoss, build_distillation

Y = np.array([[1], [0], [1]], "int64")
EVEN = np.full((3, 1), 0.5, "float32")
SURER = np.full((3, 1), 0.8, "float32")


def test_the_settings_and_the_labels_scale_are_taken_from_the_spec():
    settings = Distillation(teacher={"family": "mlp"}, temperature=3.0, weight=0.25)

    loss = build_distillation(settings, Head("regression", 0, 5.0, 7.0))

    assert (loss.task, loss.temperature, loss.weight, loss.std) == ("regression", 3.0, 0.25, 7.0)


def test_labels_and_teacher_have_their_shares():
    student, teacher = EVEN, SURER
    # -ln 1/2 by the labels; by the teacher 0.8 ln(0.8 / 0.5) + 0.2 ln(0.2 / 0.5)
    labels = math.log(2)
    divergence = 0.8 * math.log(1.6) + 0.2 * math.log(0.4)

    for weight in (0, 0.25, 1):
        loss = DistillationLoss("binary", temperature=1.0, weight=weight)
        expected = (1 - weight) * labels + weight * divergence
        assert float(loss(Y, teacher, student)) == pytest.approx(expected, rel=1e-5)


def test_the_temperature_softens_both_and_keeps_the_gradients_size():
    # Odds of 4 to 1 are 2 to 1 at a temperature of 2: 2/3 against 1/2, four times the divergence.
    divergence = 2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2 / 3)

    loss = DistillationLoss("binary", temperature=2.0, weight=1.0)

    assert float(loss(Y, SURER, EVEN)) == pytest.approx(4 * divergence, rel=1e-5)


def test_several_classes_are_compared_as_two_are():
    def both(p):
        return np.hstack([1 - p, p])

    two = DistillationLoss("binary", 3.0, 0.5)(Y, SURER, EVEN)
    several = DistillationLoss("multiclass", 3.0, 0.5)(Y, both(SURER), both(EVEN))

    assert float(several) == pytest.approx(float(two), rel=1e-5)


def test_a_regression_is_compared_in_standard_deviations():
    y, teacher, student = (np.array([[n]], "float32") for n in (50, 30, 40))

    loss = DistillationLoss("regression", weight=0.25, std=5.0)

    # Two standard deviations from each: 4 * 3/4 + 4 * 1/4
    assert float(loss(y, teacher, student)) == pytest.approx(4)


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_rows_have_weights(shape):
    loss = DistillationLoss("regression", weight=0.0)
    weights = np.array([2, 0, 1], "float32").reshape(shape)
    y, zero = np.array([[1], [5], [3]], "float32"), np.zeros((3, 1), "float32")

    # (2 * 1 + 0 + 1 * 9) / 3 rows
    assert float(loss(y, zero, zero, weights)) == pytest.approx(11 / 3)


@hypothesis.given(
    st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.floats(0.25, 20), st.integers(0, 1)
)
def test_it_is_0_or_more_with_a_finite_gradient_for_any_probabilities(
    teacher, student, temperature, y
):
    loss = DistillationLoss("binary", temperature, 0.5)
    p = tf.constant([[student]])

    with tf.GradientTape() as tape:
        tape.watch(p)
        number = loss(np.array([[y]]), tf.constant([[teacher]]), p)

    assert float(number) >= -1e-4
    assert np.isfinite(float(number))
    assert np.isfinite(tape.gradient(number, p).numpy()).all()


def test_a_teacher_is_not_taught():
    teacher = tf.Variable(SURER)

    with tf.GradientTape() as tape:
        number = DistillationLoss("binary")(Y, teacher, tf.constant(EVEN))

    assert tape.gradient(number, teacher) is None


def test_it_comes_back_from_its_file():
    loss = DistillationLoss("regression", 3.0, 0.25, 2.0)

    read = keras.losses.deserialize(keras.losses.serialize(loss))

    assert read.get_config() == loss.get_config()
    assert float(read(EVEN, SURER, SURER)) == float(loss(EVEN, SURER, SURER))
