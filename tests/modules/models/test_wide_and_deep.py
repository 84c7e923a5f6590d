"""A linear model and a network, added up."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.columns import Column, Head
from modules.errors import SpecError
from modules.models.wide_and_deep import Cross, build_model
from modules.spec.model import WideAndDeep

ORIGIN = Column("origin_xf", 1, "int64", 3)
DEST = Column("dest_xf", 1, "int64", 4)
AGE = Column("age_xf", 2, "float32", None)
REMARK = Column("remark_xf", 3, "int64", 5)
REGRESSION = Head("regression", mean=0.0, std=1.0)


def numbers(tensor):
    return keras.ops.convert_to_numpy(tensor)


def wide_alone(columns, **settings):
    """The model without what its network says."""
    model = build_model(columns, REGRESSION, WideAndDeep(hidden=(), **settings))
    for weight in model.get_layer("deep").weights:
        weight.assign(keras.ops.zeros_like(weight))
    return model


def test_the_wide_part_is_linear_in_numbers_and_has_a_weight_an_id():
    model = wide_alone([AGE, ORIGIN, REMARK])
    model.get_layer("wide").kernel.assign([[2.0], [50.0]])
    model.get_layer("wide_origin_xf").embeddings.assign([[0.0], [100.0], [200.0]])
    model.get_layer("wide_remark_xf").embeddings.assign([[9.0], [1000], [2000], [0], [0]])

    found = model(
        {
            "age_xf": np.array([[1.5, 0], [3.0, 0], [0, 1]], np.float32),
            "origin_xf": np.array([[1], [2], [0]]),
            "remark_xf": np.array([[1, 2, 0], [1, 0, 0], [0, 0, 0]]),
        }
    )

    # 2 * 1.5 + 100 + (1000 + 2000) / 2; 2 * 3 + 200 + 1000; the flag, and no words
    assert numbers(found).ravel() == pytest.approx([1603, 1206, 50])


def test_the_deep_part_is_added_before_the_activation():
    model = build_model([AGE], Head("binary", 2), WideAndDeep(hidden=()))
    model.get_layer("wide").kernel.assign([[2.0], [0.0]])
    kernel, bias = model.get_layer("deep").weights
    kernel.assign([[1.0], [0.0]])
    bias.assign([-3.0])

    found = model({"age_xf": np.array([[1.0, 0]], np.float32)})

    # 2 + 1 - 3 = 0, of which the sigmoid is a half
    assert numbers(found).ravel() == pytest.approx([0.5])


# Exclusive or: neither column tells anything by itself.
CORNERS = {"origin_xf": np.array([[1], [1], [2], [2]]), "dest_xf": np.array([[1], [2], [1], [2]])}
DIFFERS = np.array([[0.0], [1], [1], [0]], np.float32)


@pytest.mark.parametrize(
    ("settings", "error"), [({}, 0.5), ({"crosses": (("origin", "dest"),)}, 0.0)]
)
def test_a_cross_tells_apart_what_neither_column_can(settings, error):
    model = wide_alone([ORIGIN, DEST], **settings)
    model.get_layer("deep").trainable = False
    model.compile(keras.optimizers.SGD(0.3), "mean_squared_error")

    often = {name: np.tile(ids, (200, 1)) for name, ids in CORNERS.items()}
    model.fit(often, np.tile(DIFFERS, (200, 1)), batch_size=4, shuffle=False, verbose=0)

    missed = np.abs(model.predict(CORNERS, verbose=0) - DIFFERS)
    if error:
        # One half is the best that a sum over the two can say of each corner.
        assert missed.max() >= 0.5 - 1e-3
    else:
        assert missed.max() < 0.01


@given(ids=st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 4)))
def test_a_cross_that_fits_gives_every_combination_a_place_of_its_own(ids):
    cross = Cross([3, 4, 5], 60, [ORIGIN, DEST, REMARK])

    found = cross([np.array([[each]]) for each in ids])

    # 3 * 4 * 5 places in mixed radix
    assert int(found[0, 0]) == (ids[0] * 4 + ids[1]) * 5 + ids[2]


def test_a_cross_that_does_not_fit_is_spread_over_its_buckets():
    cross = Cross([1000, 1000], 100, [ORIGIN, DEST])
    left, right = (each.reshape(-1, 1) for each in np.meshgrid(np.arange(1000), np.arange(1000)))

    found = numbers(cross([left, right]))

    counts = np.bincount(found.ravel(), minlength=100)
    assert (len(counts), cross.buckets) == (100, 100)
    assert counts.min() > 5000  # 10,000 in each if they were even


@pytest.mark.parametrize(
    ("cross", "problem"),
    [
        (
            ("orgin", "dest"),
            "model.crosses: 'orgin' is no feature, expected one of origin, dest; did you mean "
            "'origin'?",
        ),
        (
            ("origin", "age"),
            "model.crosses: 'age' holds numbers, expected a category: one of origin, dest",
        ),
        (
            ("origin", "remark"),
            "model.crosses: 'remark' holds 3 ids a row, expected a category: one of origin, dest",
        ),
    ],
)
def test_a_cross_of_what_is_no_category_is_refused(cross, problem):
    columns = [AGE, ORIGIN, DEST, REMARK]

    with pytest.raises(SpecError) as raised:
        build_model(columns, REGRESSION, WideAndDeep(crosses=(cross,)))

    assert raised.value.problems == (problem,)


def test_a_penalty_holds_for_the_weights_of_both_parts():
    columns = [AGE, ORIGIN, DEST]

    plain = build_model(columns, REGRESSION, WideAndDeep(crosses=(("origin", "dest"),)))
    model = build_model(columns, REGRESSION, WideAndDeep(crosses=(("origin", "dest"),), l2=1.0))

    assert plain.losses == []
    # 2 hidden layers and the deep logits; the wide numbers, two columns and a cross
    assert len(model.losses) == 3 + 4
