"""The ensemble over numbers by their quantiles and embedded categories."""

import keras
import numpy as np
import pytest

from modules.columns import Column, Head
from modules.models.piecewise import PiecewiseLinear
from modules.models.tabm import build_model
from modules.spec.model import TabM

AGE = Column("age_xf", 2, "float32", None, (-1.0, 0.0, 2.0))
WHEN = Column("when_xf", 3, "float32", None)
CARRIER = Column("carrier_xf", 1, "int64", 5)
COLUMNS = [AGE, CARRIER, WHEN]
INPUTS = {
    "age_xf": np.array([[1, 0], [-1, 0], [0, 1]], np.float32),
    "carrier_xf": np.array([[0], [4], [1]]),
    "when_xf": np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float32),
}
SMALL = TabM(members=3, hidden=(8, 8), dropout=0.0)


def numbers(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_numbers_with_boundaries_are_binned_and_all_others_taken_as_they_are():
    model = build_model(COLUMNS, Head("binary", 2), TabM(number_size=6, embedding_size=4))

    assert isinstance(model.get_layer("numbers"), PiecewiseLinear)
    # age by 6 numbers, the carrier by 4, the moment by its own 3
    assert model.get_layer("features").output.shape == (None, 6 + 4 + 3)


@pytest.mark.parametrize("boundaries", [(), (0.0,)], ids=["unknown", "always the same"])
def test_numbers_without_bins_are_taken_as_they_are(boundaries):
    column = Column("age_xf", 2, "float32", None, boundaries)

    model = build_model([column], Head("binary", 2), SMALL)

    assert model.get_layer("hidden_0").weights[0].shape == (2, 8)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_a_single_column_of_any_kind_makes_a_model(column):
    model = build_model([column], Head("regression", mean=5.0, std=2.0), SMALL)

    found = numbers(model({column.name: INPUTS[column.name]}))

    assert found.shape == (3, 1)
    assert np.isfinite(found).all()


def test_a_multiclass_model_answers_with_the_mean_of_probabilities():
    model = build_model(COLUMNS, Head("multiclass", 4), SMALL)

    of_each, answer = (numbers(model(INPUTS, training=each)) for each in (True, False))

    assert (of_each.shape, answer.shape) == ((3, 3, 4), (3, 4))
    assert answer.sum(axis=1) == pytest.approx([1, 1, 1])
    assert answer == pytest.approx(of_each.mean(axis=1))


def test_a_regression_is_averaged_in_the_unit_of_the_label():
    model = build_model(COLUMNS, Head("regression", mean=1000.0, std=10.0), SMALL)

    of_each, answer = (numbers(model(INPUTS, training=each)) for each in (True, False))

    assert np.abs(of_each - 1000).max() < 100
    assert answer == pytest.approx(of_each.mean(axis=1), rel=1e-6)


def test_members_cost_little():
    few, many = (
        build_model(COLUMNS, Head("binary", 2), TabM(members=members)).count_params()
        for members in (1, 8)
    )

    assert many < 1.6 * few


def test_the_settings_shape_the_network():
    settings = TabM(members=4, hidden=(7, 5), dropout=0.25, l1=0.1, l2=0.2)

    model = build_model(COLUMNS, Head("multiclass", 6), settings)

    shapes = [model.get_layer(f"hidden_{index}").output.shape for index in (0, 1)]
    assert shapes == [(None, 4, 7), (None, 4, 5)]
    assert model.output.shape == (None, 4, 6)  # of the members, before the mean
    assert model.get_layer("dropout_1").rate == 0.25
    assert len(model.losses) == 4  # numbers, two hidden layers and the heads
