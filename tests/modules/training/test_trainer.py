"""One process's training, from the arguments that TFX gives to what lies in the folders."""

import numpy as np
import pytest
import tensorflow as tf

from modules.errors import GateError, SpecError
from modules.training import history, trainer
from modules.training.blueprint import Blueprint
from modules.training.checkpoint import CHECKPOINT, load
from modules.training.parity import BOUNDS
from modules.training.run import run_fn
from tests.modules.training.jobs import FEATURES, fn_args, joined, rows, weights


@pytest.fixture(scope="module")
def data(transform):
    return transform(FEATURES, rows())


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """The folder of a training, and its history."""

    def run(folder=None, **given):
        folder = folder or tmp_path_factory.mktemp("trained")
        run_fn(fn_args(data, folder, **given))
        return folder, history.read(folder / "run")

    return run


@pytest.fixture(scope="module")
def first(run):
    return run(seed=7)


@pytest.fixture(scope="module")
def examples(serialized):
    """Rows whose label is "1", and rows whose label is "0", without the label."""
    split = [
        [serialized({k: v for k, v in row.items() if k != "label"}) for row in rows() if of(row)]
        for of in (lambda row: row["label"] == "1", lambda row: row["label"] == "0")
    ]
    return [tf.constant(part) for part in split]


def scores(folder, examples):
    signature = tf.saved_model.load(str(folder / "model")).signatures["serving_default"]
    return signature(examples=examples)["probability"]


def test_a_model_is_written_that_tells_the_classes_apart(first, examples):
    ones, zeros = (scores(first[0], part).numpy() for part in examples)

    assert ones.mean() > zeros.mean() + 0.05


def test_the_history_tells_what_was_done_with_what_and_how_it_went(first):
    _, found = first

    assert list(found) == [
        "best_epoch",
        "steps_taken",
        "steps_per_epoch",
        "steps_per_execution",
        "training",
        "versions",
        "seconds",
        "replicas",
        "precision",
        "model",
        "layers",
        "examples",
        "warm_start",
        "parity",
        "restarts",
        "epochs",
        "steps",
    ]
    # 200 rows are 10 batches of 20: 30 steps are 3 epochs
    assert (found["steps_taken"], found["steps_per_epoch"], len(found["epochs"])) == (30, 10, 3)
    assert found["steps_per_execution"] == 10
    assert found["training"]["seed"] == 7
    assert found["model"]["hidden"] == [8]
    assert (found["replicas"], found["precision"], found["restarts"]) == (1, "float32", [])
    assert found["examples"] == {"train": 200, "valid": 200}
    assert list(found["versions"]) == ["python", "headrace", "keras", "tensorflow", "tfx"]
    assert found["warm_start"] is None
    assert {"epoch", "step", "loss", "val_loss", "val_accuracy", "learning_rate"} <= set(
        found["epochs"][0]
    )
    assert set(found["steps"][0]) == {
        "step",
        "loss",
        "learning_rate",
        "gradient_norm",
        "examples_per_second",
    }


def test_the_exported_model_is_the_trained_one(first):
    parity = first[1]["parity"]

    assert (parity["rows"], parity["precision"], parity["bound"]) == (200, "float32", 1e-4)
    assert 0 <= parity["largest"] <= 1e-6


def test_no_checkpoint_is_left(first):
    assert not list((first[0] / "run").rglob(CHECKPOINT))


def test_one_seed_gives_the_same_weights_to_the_last_bit(first, run):
    again, _ = run(seed=7)
    other, _ = run(seed=8)

    assert joined(again / "model").tobytes() == joined(first[0] / "model").tobytes()
    assert joined(other / "model").tobytes() != joined(first[0] / "model").tobytes()


@pytest.mark.parametrize("wanted", [True, False])
def test_tensorflow_is_told_to_be_deterministic_only_when_the_spec_asks(run, monkeypatch, wanted):
    told = []
    # Not for real: it cannot be taken back, and this process has other tests to run.
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: told.append(True))

    run(steps=1, deterministic=wanted)

    assert told == [True] * wanted


def test_the_last_good_checkpoint_outlives_a_run_whose_loss_is_not_finite(data, tmp_path):
    # No step of 10 is amiss; then the learning rate is 1e30 times what it was.
    schedule = {"name": "piecewise", "boundaries": [0.5], "factors": [1e-30, 1.0]}
    broken = {"learning_rate": 1e30, "schedule": schedule, "steps": 20, "checkpoint_steps": 1}

    with pytest.raises(GateError, match=r"kept at \S+run-checkpoint.npz") as raised:
        run_fn(fn_args(data, tmp_path, steps_per_execution=1, **broken))

    assert "training: the loss became" in raised.value.problems[0]
    kept = load(str(tmp_path / "run-checkpoint.npz"))
    assert kept is not None
    assert 10 <= kept.notes["recorder"]["step"] < 20


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_model_of_lower_precision_is_exported_in_float32(run, examples, first, precision):
    folder, found = run(seed=7, precision=precision, steps=40)

    loaded = tf.saved_model.load(str(folder / "model"))
    for signature in loaded.signatures.values():
        outputs = signature.structured_outputs.values()
        assert {spec.dtype for spec in outputs if spec.dtype.is_floating} <= {tf.float32}
    assert {array.dtype.name for array in weights(folder / "model").values()} == {"float32"}
    assert scores(folder, examples[0]).dtype == tf.float32
    # something was rounded, and by less than the bound
    parity = found["parity"]
    assert (found["precision"], parity["precision"]) == (precision, precision)
    assert 1e-7 < parity["largest"] <= parity["bound"] == BOUNDS[precision]
    assert found["epochs"][-1]["loss"] < found["epochs"][0]["loss"]


def test_balanced_classes_raise_the_probability_of_the_rarer_one(first, run, examples):
    balanced, _ = run(seed=7, class_weights="balanced")

    rare = [
        np.concatenate([scores(folder, part) for part in examples]).mean()
        for folder in (first[0], balanced)
    ]
    # It is a quarter of the rows, and with balanced weights counts for a half.
    assert rare[1] > rare[0] + 0.05


class Interrupted(Exception):
    """As if the process were gone."""


def test_a_student_goes_on_where_its_training_was_interrupted(run, data, tmp_path, monkeypatch):
    """Between the teacher's training and the student's, twice."""
    teacher = {"family": "mlp", "hidden": [16], "dropout": 0.2}
    loss = {"name": "distillation", "teacher": teacher}
    undisturbed, _ = run(loss=loss)

    def interrupted(*_):
        raise Interrupted

    learned = []
    with monkeypatch.context() as patched:
        patched.setattr(trainer, "Distiller", interrupted)
        for _ in range(2):
            with pytest.raises(Interrupted):
                run_fn(fn_args(data, tmp_path, loss=loss))
            learned.append(load(str(tmp_path / "run" / "teacher" / CHECKPOINT)).notes)
    folder, found = run(tmp_path, loss=loss)

    # The seconds of each epoch are those of the first time: the teacher did not learn again.
    assert learned[0]["ended"]
    assert learned[0]["recorder"]["epochs"] == learned[1]["recorder"]["epochs"]
    assert joined(folder / "model").tobytes() == joined(undisturbed / "model").tobytes()
    # The student alone is exported, and told of.
    assert weights(folder / "model")["hidden_0/kernel"].shape[1] == 8
    assert (found["model"]["hidden"], found["steps_taken"]) == ([8], 30)
    assert found["training"]["loss"]["teacher"]["hidden"] == [16]


def test_a_model_starts_from_an_earlier_one(first, run):
    # A rate of almost 0 leaves the weights where they start.
    folder, found = run(base=first[0] / "model", steps=1, learning_rate=1e-9, seed=99)

    assert joined(folder / "model") == pytest.approx(joined(first[0] / "model"), abs=1e-6)
    reused = found["warm_start"]
    assert reused["model"] == str(first[0] / "model")
    assert (sorted(reused["weights"]), reused["fresh"]) == (
        sorted(weights(folder / "model")),
        {},
    )


def test_an_exported_model_that_is_not_the_trained_one_is_not_left_behind(
    data, tmp_path, monkeypatch
):
    faithful = Blueprint.in_float32

    def tampered(self, model):
        made = faithful(self, model)
        made.set_weights([weight + 1 for weight in made.get_weights()])
        return made

    monkeypatch.setattr(Blueprint, "in_float32", tampered)

    with pytest.raises(GateError, match=r"^export: the exported model differs from the trained"):
        run_fn(fn_args(data, tmp_path))

    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "run" / history.FILE).exists()


def test_a_loss_that_is_no_number_stops_the_run_before_anything_is_exported(data, tmp_path):
    with pytest.raises(GateError, match=r"^training: the loss became (nan|inf) in step"):
        run_fn(fn_args(data, tmp_path, learning_rate=1e35, steps_per_execution=1))

    assert not (tmp_path / "model").exists()


def test_one_of_several_workers_refuses_a_wrong_tf_config(data, tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "[]")

    with pytest.raises(SpecError, match=r"^TF_CONFIG: got list, expected an object"):
        run_fn(fn_args(data, tmp_path, strategy="multi_worker"))
