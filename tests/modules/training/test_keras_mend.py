"""Keras's fit, evaluate and predict in real groups of processes, against one process."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.training import keras_mend

# A hang ends earlier, by the limit of each group; this is for all of them, on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCRIPT = pathlib.Path(__file__).with_name("fit_cases.py")
EXACT = ["plain", "inputs_by_name", "several_classes", "own_shares"]


@pytest.fixture(scope="module")
def alone(group):
    """What one process makes of the cases."""
    return group(SCRIPT, 1)[0]


@pytest.fixture(scope="module", params=[2, 4], ids=["2 workers", "4 workers"])
def workers(request, group):
    """What each worker of a group makes of the cases."""
    return group(SCRIPT, request.param)


@pytest.mark.parametrize("case", [*EXACT, "partial_last_batch", "bfloat16"])
def test_all_workers_see_the_same_from_the_first_batch_to_the_last_weight(workers, case):
    for worker in workers:
        assert worker[case] == workers[0][case]


@pytest.mark.parametrize(
    ("case", "steps", "tolerance"),
    [
        ("plain", 50, 1e-5),
        # 10 steps an epoch, 3 at once: Keras takes 12, with one process too; Adam
        ("inputs_by_name", 60, 1e-4),
        # 10 batches and no more, 3 at once: the last time only one is taken
        ("several_classes", 50, 1e-5),
        ("own_shares", 50, 1e-5),
    ],
)
def test_training_ends_with_the_weights_of_one_process(alone, workers, case, steps, tolerance):
    found = workers[0][case]

    assert found["steps"] == alone[case]["steps"] == steps
    assert found["weights"] == pytest.approx(alone[case]["weights"], abs=tolerance)


@pytest.mark.parametrize("case", EXACT)
def test_losses_and_metrics_are_those_of_all_rows(alone, workers, case):
    found, expected = workers[0][case], alone[case]

    assert found["evaluated"] == pytest.approx(expected["evaluated"], abs=1e-5)
    assert list(found["history"]) == list(expected["history"])
    for name, values in expected["history"].items():
        assert found["history"][name] == pytest.approx(values, abs=1e-5)


@pytest.mark.parametrize("case", ["plain", "inputs_by_name", "own_shares"])
def test_predictions_come_in_the_order_of_the_rows(alone, workers, case):
    expected = np.array(alone[case]["predicted"])

    assert np.array(workers[0][case]["predicted"]) == pytest.approx(expected, abs=1e-5)


def test_the_loss_of_a_batch_is_that_of_all_workers(alone, workers):
    expected = [logs["loss"] for logs in alone["plain"]["batch_logs"]]

    assert [logs["loss"] for logs in workers[0]["plain"]["batch_logs"]] == pytest.approx(
        expected, abs=1e-5
    )


def test_an_epoch_that_ends_in_a_batch_of_one_row_is_trained_and_measured(alone, workers):
    found, expected = workers[0]["partial_last_batch"], alone["partial_last_batch"]

    # 145 rows are 10 batches; up to the last one nothing differs from one process
    assert found["steps"] == expected["steps"] == 20
    for name, values in expected["history"].items():
        assert found["history"][name][0] == pytest.approx(values[0], abs=1e-5)
    # its one row counts for a share of the batch only, so that the weights differ a little
    assert found["weights"] == pytest.approx(expected["weights"], abs=0.05)
    assert found["weights"] != pytest.approx(expected["weights"], abs=1e-5)


def test_a_callback_that_stops_for_one_workers_rows_stops_all_at_the_same_batch(workers):
    assert [worker["nan_on_one_worker"] for worker in workers] == len(workers) * [
        {"steps": 4, "batches": 4}
    ]


def test_bfloat16_learns(alone, workers):
    losses = workers[0]["bfloat16"]["history"]["loss"]

    assert losses == pytest.approx(alone["bfloat16"]["history"]["loss"], abs=0.01)
    assert losses[-1] < losses[0] - 0.02


def test_keras_without_the_mend_still_fails(group):
    faults = group(SCRIPT, 2, "without_mend")[0]

    advice = (
        "{} of keras_mend.py is no fault of Keras " + keras.__version__ + " any more. Take it out; "
        "when all three are gone, delete modules/training/keras_mend.py with its tests, its call "
        "in modules/training/strategy.py and docs/decisions/keras-multi-worker.md."
    )
    signs = ["unsupported type", "Invalid reduction dimension 0", "must feed a value for plac"]
    for number, (fault, sign) in enumerate(zip(faults, signs, strict=True), 1):
        assert fault is not None, advice.format(f"Fault {number}")
        assert sign in fault


@pytest.mark.parametrize("strategy", [tf.distribute.get_strategy, tf.distribute.OneDeviceStrategy])
def test_nothing_is_mended_without_several_replicas(strategy):
    stock = keras_mend.trainer.reduce_per_replica

    keras_mend.mend(
        strategy("CPU:0") if strategy is tf.distribute.OneDeviceStrategy else strategy()
    )

    assert keras_mend.trainer.reduce_per_replica is stock


def test_nothing_is_mended_in_another_version_of_keras(monkeypatch):
    monkeypatch.setattr(keras, "__version__", "3.16.0")
    monkeypatch.setattr(keras_mend, "_several_replicas", lambda strategy: True)
    stock = keras_mend.trainer.reduce_per_replica

    keras_mend.mend(tf.distribute.get_strategy())

    assert keras_mend.trainer.reduce_per_replica is stock


def test_xla_and_several_steps_at_once_exclude_each_other(monkeypatch):
    monkeypatch.setattr(keras_mend, "_several_replicas", lambda strategy: True)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error", jit_compile=True, steps_per_execution=3)
    make = keras_mend._make_function(keras_mend.trainer.TensorFlowTrainer._make_function)

    with pytest.raises(ValueError, match="steps_per_execution = 3 and jit_compile = True exclude"):
        make(model, model.train_step)
