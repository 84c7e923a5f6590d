"""Gradients of one process, of two devices, and of real groups of processes."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.training.gradients import global_norm, prepared

pytestmark = pytest.mark.timeout(900)  # as in test_keras_mend.py, for its slow tests

SCRIPT = pathlib.Path(__file__).with_name("gradient_cases.py")
ON_DEVICES = (1, "mirrored", "clipping", "overflow", "stock_overflow")
GROUPS = [ON_DEVICES, (2, "none", "clipping", "overflow"), (4, "none", "clipping", "overflow")]
ALL = [
    "SGD",
    "Adam",
    "AdamW",
    "Nadam",
    "RMSprop",
    "Adagrad",
    "Adafactor",
    "Lion",
    "Lamb",
    "Muon",
    "Ftrl",
]


@pytest.fixture(scope="module")
def alone(group):
    return group(SCRIPT, 1, "none", "clipping", "overflow", "compiled")[0]


@pytest.fixture(scope="module", params=GROUPS, ids=["2 devices", "2 workers", "4 workers"])
def replicas(request, group):
    """What each process of a strategy with several replicas makes of the cases."""
    return group(SCRIPT, *request.param)


def regression(optimizer, **settings):
    """A model of the identity, on which a step has the gradient -2 mean(y) for w = 0, x = 1."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "linear", False, "zeros")])
    model.compile(optimizer, "mean_squared_error", **settings)
    return model


def test_a_clipped_step_has_the_norm_asked_for():
    model = regression(prepared(keras.optimizers.SGD, 0.5)(1.0))

    model.fit(np.ones((4, 1)), np.full((4, 1), 3.0), verbose=0)

    # d/dw mean((w - 3)^2) = -6 at w = 0, clipped to -0.5
    assert float(model.optimizer.gradient_norm) == pytest.approx(6)
    assert model.get_weights()[0].item() == pytest.approx(0.5)


def test_a_gradient_shorter_than_the_norm_is_left_alone():
    model = regression(prepared(keras.optimizers.SGD, 10.0)(0.25))

    model.fit(np.ones((4, 1)), np.full((4, 1), 3.0), verbose=0)

    assert model.get_weights()[0].item() == pytest.approx(1.5)  # 0.25 * 6


@pytest.mark.parametrize("name", ALL)
def test_the_norm_is_a_variable_of_every_optimizer(name):
    optimizer = prepared(getattr(keras.optimizers, name), None)(learning_rate=0.1)
    model = regression(optimizer)

    model.fit(np.ones((4, 1)), np.full((4, 1), 3.0), verbose=0)

    saved = {variable.name: variable for variable in optimizer.variables}
    assert saved["gradient_norm"].numpy() == pytest.approx(6)
    assert saved["gradient_norm"].dtype == "float32"
    assert optimizer.name.startswith(
        getattr(keras.optimizers, name)(0.1).name.rstrip("_0123456789")
    )


@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_a_gradient_that_is_not_finite_is_recorded(clip_norm):
    model = regression(prepared(keras.optimizers.SGD, clip_norm)(0.1))

    model.fit(np.ones((4, 1)), np.full((4, 1), np.inf), verbose=0)

    assert float(model.optimizer.gradient_norm) == np.inf
    assert not np.isfinite(model.get_weights()[0]).any()


def test_rows_that_are_twice_in_a_sparse_gradient_count_as_their_sum():
    twice = tf.IndexedSlices(
        tf.constant([[1.0, 0.0], [5.0, 0.0], [2.0, 4.0]]), tf.constant([2, 0, 2]), [4, 2]
    )

    # row 2 is (3, 4) and row 0 is (5, 0); with the other gradient 25 + 25 + 50
    assert float(global_norm([twice, tf.constant([5.0, 5.0])])) == pytest.approx(10)


@pytest.mark.parametrize("indices", [[], [3], [1, 1, 1], [5, 4, 3], [0, 2, 0, 2]])
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "XLA"])
def test_the_norm_of_a_sparse_gradient_is_that_of_the_dense_one(indices, jit_compile):
    values = tf.random.stateless_normal([len(indices), 3], seed=[0, len(indices)])
    sparse = tf.IndexedSlices(values, tf.constant(indices, tf.int64), tf.constant([6, 3], tf.int64))

    found = tf.function(lambda: global_norm([sparse]), jit_compile=jit_compile)()

    dense = np.zeros((6, 3))
    np.add.at(dense, indices, values.numpy())
    assert float(found) == pytest.approx(np.linalg.norm(dense), abs=1e-5)


@pytest.mark.parametrize("clip_norm", [0, -1.0, float("nan")])
def test_a_norm_to_clip_to_that_is_not_above_0_is_refused(clip_norm):
    with pytest.raises(ValueError, match=f"must be above 0, got {clip_norm}. Leave it out"):
        prepared(keras.optimizers.SGD, clip_norm)


@pytest.mark.parametrize("name", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_clipping_of_each_replica_by_itself_is_refused(name):
    with pytest.raises(ValueError, match=f"^{name} clips each replica's gradient by itself, got 2"):
        prepared(keras.optimizers.Adam, None)(0.1, **{name: 2.0})


@pytest.mark.slow
@pytest.mark.parametrize("case", ["clipped", "unclipped"])
def test_replicas_clip_as_one_process_does(alone, replicas, case):
    expected = alone["clipping"][case]

    for process in replicas:
        found = process["clipping"][case]
        assert found["weights"] == pytest.approx(expected["weights"], abs=1e-5)
        assert found["norms"] == pytest.approx(expected["norms"], rel=1e-5)


@pytest.mark.slow
def test_every_step_was_long_enough_to_be_clipped(alone):
    assert min(alone["clipping"]["clipped"]["norms"]) > 10  # 10 times the norm asked for
    # 12 steps of rate 0.01 and norm 1
    assert alone["clipping"]["clipped"]["moved"] <= 0.12 < alone["clipping"]["unclipped"]["moved"]


@pytest.mark.slow
def test_an_overflow_on_one_replica_is_skipped_by_all(alone, replicas):
    for process in replicas:
        found = process["overflow"]
        # the step is not counted, the scale is halved once, and training goes on
        assert found["taken"] == [1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11]
        assert found["scales"] == [4.0] * 5 + [2.0] * 7
        assert found["weights"] == replicas[0]["overflow"]["weights"]
        assert found["weights"] == pytest.approx(alone["overflow"]["weights"], abs=1e-3)
        # of the unscaled gradient; the skipped step leaves that of the step before
        assert found["norms"] == pytest.approx(alone["overflow"]["norms"], rel=1e-2)


@pytest.mark.slow
def test_an_overflow_is_skipped_in_a_step_compiled_by_xla(alone):
    assert alone["compiled"]["taken"] == alone["overflow"]["taken"]
    assert alone["compiled"]["scales"] == alone["overflow"]["scales"]
    assert alone["compiled"]["weights"] == pytest.approx(alone["overflow"]["weights"], abs=1e-3)


@pytest.mark.slow
def test_keras_itself_still_clips_and_skips_otherwise(alone, group):
    found = group(SCRIPT, *ON_DEVICES)[0]

    advice = (
        f"Keras {keras.__version__} {{}} as one process does: take that out of "
        f"modules/training/gradients.py and docs/decisions/keras-multi-worker.md."
    )
    stock = alone["clipping"]["stock"]["weights"]
    assert found["clipping"]["stock"]["weights"] != pytest.approx(stock, abs=1e-3), advice.format(
        "clips"
    )
    # only the second device's rows overflow, and the first one's verdict is taken
    assert not np.isfinite(found["stock_overflow"]["weights"]).all(), advice.format("skips")
