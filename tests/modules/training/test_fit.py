"""Training on arrays that were never in a file, of specs that were never in TOML."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.columns import Column, Head
from modules.errors import GateError, SpecError
from modules.models.mlp import build_model
from modules.spec.callbacks import EarlyStopping
from modules.spec.label import Label
from modules.spec.model import Mlp
from modules.spec.training import Training
from modules.training import fit as fitting
from modules.training.callbacks import build_callbacks
from modules.training.checkpoint import CHECKPOINT, Start, load
from modules.training.compiling import compile_for
from modules.training.examples import Examples
from modules.training.fit import plan
from modules.training.history import history
from modules.training.input import Table
from modules.training.strategy import Spread

X = Column("x_xf", 1, "float32", None)
LABELS = {
    "binary": Label(column="y", task="binary"),
    "multiclass": Label(column="y", task="multiclass", classes=("a", "b", "c")),
    "regression": Label(column="y", task="regression"),
}
UNDISTURBED = [EarlyStopping(name="early_stopping", patience=1000)]


def settings(**given):
    return Training(**{"epochs": 3, "batch_size": 10, **given})


def arrays(count, label):
    """Evenly spaced numbers in [-1, 1], and what the function makes of them."""
    x = np.linspace(-1, 1, count, dtype=np.float32)[:, np.newaxis]
    return {"x_xf": x, "y_xf": label(x)}


def above_0(x):
    return (x > 0).astype(np.int64)


def fit(training, train, valid, folder, task="binary", *, more=(), model=None, **start):
    """The trained model and its history."""
    keras.utils.set_random_seed(training.seed)
    head = Head(task, len(LABELS[task].classes))
    built = model or build_model([X], head, Mlp(hidden=(8,), dropout=0.2))
    planned = plan(training, len(train["x_xf"]), 1)
    compile_for(built, planned, LABELS[task], head, "float32")
    tables = Table(Examples.of(train), "y_xf"), Table(Examples.of(valid), "y_xf")
    callbacks = [*build_callbacks(training.callbacks, folder), *more]
    alone = Spread(tf.distribute.get_strategy())
    begun = Start(folder, **start)
    recorder = fitting.fit(built, tables, planned, alone, callbacks, begun)
    return built, history(recorder, planned)


@pytest.mark.parametrize(
    ("task", "label", "metric", "limit"),
    [
        ("binary", above_0, "auc", 0.99),
        ("multiclass", lambda x: np.digitize(x, [-0.5, 0.5]), "accuracy", 0.9),
        ("regression", lambda x: 3 * x, "rmse", -0.3),  # without learning it is 3 / sqrt(3) = 1.7
    ],
)
def test_a_model_learns_what_is_plain_to_see(tmp_path, task, label, metric, limit):
    rows = arrays(200, label)

    _, found = fit(settings(epochs=30, learning_rate=0.05), rows, rows, tmp_path, task)

    best = found["epochs"][found["best_epoch"] - 1][f"val_{metric}"]
    assert (-best if metric == "rmse" else best) > limit


def test_training_takes_the_steps_of_its_epochs(tmp_path):
    rows = arrays(35, above_0)

    model, found = fit(settings(epochs=2), rows, rows, tmp_path)

    # 35 rows are 3 full batches of 10: 2 epochs take 6 steps
    assert found["steps_taken"] == int(model.optimizer.iterations) == 6
    assert [epoch["step"] for epoch in found["epochs"]] == [3, 6]


@pytest.mark.parametrize(("steps", "ends"), [(1, [1]), (3, [3]), (5, [3, 5])])
def test_training_takes_exactly_the_steps_asked_for(tmp_path, steps, ends):
    rows = arrays(35, above_0)

    _, found = fit(settings(steps=steps, epochs=50), rows, rows, tmp_path)

    # 3 steps an epoch, the last epoch being cut short
    assert found["steps_taken"] == steps
    assert [epoch["step"] for epoch in found["epochs"]] == ends


def test_fewer_rows_than_a_batch_are_learned_from(tmp_path):
    rows = arrays(4, above_0)

    _, found = fit(settings(batch_size=512, epochs=2), rows, rows, tmp_path)

    assert found["steps_taken"] == 2


@pytest.mark.parametrize(
    ("rows", "given", "expected"),
    [
        # 1000 rows are 100 batches: of the epochs of 95 to 100 steps, 96 is 6 times 16
        (1000, {}, (96, 16, 288)),
        (1000, {"steps_per_execution": 1}, (100, 1, 300)),
        (1000, {"steps_per_execution": 7}, (98, 7, 294)),
        # 200 steps: 96 and 200 share 8; 100 and 200 share 10 (of 100)
        (1000, {"steps": 200}, (100, 10, 200)),
        (35, {}, (3, 3, 9)),
    ],
)
def test_a_call_runs_several_steps_and_leaves_none_over(rows, given, expected):
    planned = plan(settings(**given), rows, 1)

    assert (planned.order.steps_per_epoch, planned.at_once, planned.total) == expected


def test_several_replicas_take_one_compiled_step_at_a_time():
    assert plan(settings(jit_compile=True), 1000, 1).at_once == 16
    assert plan(settings(jit_compile=True), 1000, 2).at_once == 1


def test_more_replicas_than_rows_are_refused():
    with pytest.raises(SpecError, match="training: 4 replicas share the 3 examples of the train"):
        plan(settings(), 3, 4)


def contradicted(training, tmp_path):
    """Training on rows of which the valid split says the contrary."""
    train, valid = arrays(40, above_0), arrays(40, lambda x: above_0(-x))
    return fit(training, train, valid, tmp_path)


def patience(epochs):
    return [EarlyStopping(name="early_stopping", patience=epochs)]


def test_training_stops_when_the_validation_loss_no_longer_falls(tmp_path):
    _, found = contradicted(settings(epochs=50, learning_rate=0.1, callbacks=patience(2)), tmp_path)

    # The first epoch is the best, and two worse ones are waited for.
    assert len(found["epochs"]) == 3
    assert found["best_epoch"] == 1


@pytest.mark.parametrize("epochs", [2, 50], ids=["stopped early", "ran to the end"])
def test_training_ends_with_the_weights_of_the_best_epoch(tmp_path, epochs):
    training = settings(epochs=6, learning_rate=0.1, callbacks=patience(epochs))

    model, found = contradicted(training, tmp_path)

    valid = arrays(40, lambda x: above_0(-x))
    loss = keras.losses.binary_crossentropy(valid["y_xf"], model({"x_xf": valid["x_xf"]}))
    losses = [epoch["val_loss"] for epoch in found["epochs"]]
    assert float(np.mean(loss)) == pytest.approx(min(losses), abs=1e-5)
    assert losses[-1] > min(losses) + 0.1


def test_the_best_weights_are_written_too(tmp_path):
    model, _ = contradicted(settings(epochs=3, learning_rate=0.1), tmp_path)
    written = build_model([X], Head("binary"), Mlp(hidden=(8,), dropout=0.2))

    written.load_weights(tmp_path / "best.weights.h5")

    for one, other in zip(written.get_weights(), model.get_weights(), strict=True):
        assert one == pytest.approx(other)


def weights_of(model):
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


def test_the_same_seed_gives_the_same_weights_to_the_last_bit(tmp_path):
    rows = arrays(100, above_0)

    def weights(seed, name):
        return weights_of(fit(settings(seed=seed), rows, rows, tmp_path / name)[0])

    first = weights(1, "first")
    assert weights(1, "second").tobytes() == first.tobytes()
    assert not np.allclose(weights(2, "third"), first)


class Interrupted(Exception):
    """As if the process were gone."""


class StopAt(keras.callbacks.Callback):
    """Interrupts at a step, as a kill does: nothing is tidied up."""

    def __init__(self, step):
        super().__init__()
        self.step = step
        self.seen = 0

    def on_train_batch_end(self, *_, **__):
        self.seen += 1
        if self.seen == self.step:
            raise Interrupted


@pytest.mark.parametrize(
    ("step", "steps"),
    [(2, None), (11, None), (10, 27), (25, 27)],
    ids=["in an epoch", "at its start", "at its end", "in a last one cut short"],
)
def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path, step, steps):
    """Weights to the last bit, with dropout; the history; and early stopping with its weights."""
    rows = arrays(100, above_0)
    training = settings(
        epochs=3, steps=steps, checkpoint_steps=1, steps_per_execution=1, callbacks=UNDISTURBED
    )
    undisturbed, expected = fit(training, rows, rows, tmp_path / "undisturbed")

    with pytest.raises(Interrupted):
        fit(training, rows, rows, tmp_path / "again", more=[StopAt(step)])
    resumed, found = fit(training, rows, rows, tmp_path / "again")

    # 10 steps an epoch, each with a checkpoint: at most the one that was under way is taken again
    assert load(str(tmp_path / "again" / CHECKPOINT)).notes["ended"]
    assert weights_of(resumed).tobytes() == weights_of(undisturbed).tobytes()
    metrics = [name for name in expected["epochs"][0] if name.startswith("val_")]
    for one, other in zip(found["epochs"], expected["epochs"], strict=True):
        assert [one[name] for name in metrics] == [other[name] for name in metrics]
    assert [record["step"] for record in found["steps"]] == list(range(1, (steps or 30) + 1))


def stopped(folder, step, **start):
    """A training of 10 steps an epoch that is interrupted; every fifth step has a checkpoint."""
    rows = arrays(100, above_0)
    training = settings(checkpoint_steps=5, steps_per_execution=1, callbacks=UNDISTURBED)
    more = [StopAt(step)] if step else []
    return fit(training, rows, rows, folder, more=more, **start)


def test_each_restart_is_told_with_the_step_from_which_the_training_went_on(tmp_path):
    with pytest.raises(Interrupted):
        stopped(tmp_path, 4)
    with pytest.raises(Interrupted):
        stopped(tmp_path, 8, restarts=["one"])  # from the beginning; at 5 there is a checkpoint
    with pytest.raises(Interrupted):
        stopped(tmp_path, 2, restarts=["one", "two"])  # from 5, to before the next one
    _, found = stopped(tmp_path, None, restarts=["one", "two", "three"])

    assert found["restarts"] == [
        {"step": 0, "epoch": 0, "reason": "one"},
        {"step": 5, "epoch": 0.5, "reason": "two"},
        {"step": 5, "epoch": 0.5, "reason": "three"},
    ]
    assert found["steps_taken"] == 30


def test_a_training_that_goes_on_from_an_earlier_tries_checkpoint_says_so(tmp_path):
    earlier = "it went on from the checkpoint of an earlier try"
    with pytest.raises(Interrupted):
        stopped(tmp_path, 7, attempt="first", restarts=["one"])
    with pytest.raises(Interrupted):
        stopped(tmp_path, 7, attempt="second")  # from 5 to 12
    _, found = stopped(tmp_path, None, attempt="second", restarts=["one"])  # as it happens

    assert [(each["step"], each["reason"]) for each in found["restarts"]] == [
        (0, "one"),
        (5, earlier),
        (10, "one"),
    ]


def test_a_training_that_had_come_to_its_end_is_not_gone_on_with(tmp_path):
    rows = arrays(100, above_0)
    first, expected = fit(settings(), rows, rows, tmp_path)

    again, found = fit(settings(), rows, rows, tmp_path, more=[StopAt(1)])

    assert weights_of(again).tobytes() == weights_of(first).tobytes()
    assert found["epochs"] == expected["epochs"]


def test_a_checkpoint_is_whole_or_not_there(tmp_path, monkeypatch):
    rows = arrays(100, above_0)
    training = settings(checkpoint_steps=1, steps_per_execution=1)
    with pytest.raises(Interrupted):
        fit(training, rows, rows, tmp_path, more=[StopAt(5)])
    before = (tmp_path / CHECKPOINT).read_bytes()

    def fails(*paths, overwrite):
        raise OSError("the disk is full")

    monkeypatch.setattr("modules.training.checkpoint.tf.io.gfile.rename", fails)
    with pytest.raises(OSError, match="the disk is full"):
        fit(training, rows, rows, tmp_path)

    assert (tmp_path / CHECKPOINT).read_bytes() == before


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({"learning_rate": 1e30}, lambda x: x),
        ({}, lambda x: np.where(x > 0.9, np.nan, x)),
    ],
    ids=["learning rate", "label"],
)
def test_the_first_loss_that_is_not_finite_stops_the_run(tmp_path, given, label):
    rows = arrays(100, label)

    with pytest.raises(
        GateError,
        match=r"^training: the loss became (nan|inf) in step \d+ \(epoch 1, batch \d+\), "
        r"expected a finite number. Lower training.learning_rate",
    ):
        fit(settings(steps_per_execution=1, **given), rows, rows, tmp_path, "regression")


def test_a_loss_of_several_steps_at_once_is_told_with_all_of_them(tmp_path):
    rows = arrays(100, lambda x: np.full_like(x, np.nan))

    with pytest.raises(
        GateError,
        match=r"^training: the loss became nan in steps 1 to 5 \(epoch 1, batches 1 to 5; "
        r"training.steps_per_execution = 1 tells which\), expected a finite number. Lower ",
    ):
        fit(settings(steps_per_execution=5), rows, rows, tmp_path, "regression")


def test_the_last_good_checkpoint_is_kept_when_a_loss_is_not_finite(tmp_path):
    rows = arrays(100, lambda x: x)
    training = settings(
        learning_rate=1e-3,
        schedule={"name": "piecewise", "boundaries": [0.5], "factors": [1.0, 1.0]},
        checkpoint_steps=1,
        steps_per_execution=1,
    )
    broken = {"x_xf": rows["x_xf"], "y_xf": np.where(rows["x_xf"] > 0.97, np.nan, rows["x_xf"])}

    with pytest.raises(GateError, match="in step"):
        fit(training, broken, rows, tmp_path, "regression")

    # two of a hundred labels are NaN: steps before them were good
    kept = load(str(tmp_path / CHECKPOINT))
    assert all(np.isfinite(array).all() for array in kept.arrays.values())


def test_a_validation_loss_that_is_not_finite_stops_the_run(tmp_path):
    train, valid = arrays(40, lambda x: x), arrays(40, lambda x: x * np.float32(np.nan))

    with pytest.raises(
        GateError, match=r"^training: the validation loss was not finite after step 4 \(epoch 1\)"
    ):
        fit(settings(), train, valid, tmp_path, "regression")


def test_the_history_tells_rate_norm_loss_and_speed_of_each_step(tmp_path):
    rows = arrays(100, above_0)
    training = settings(
        optimizer="sgd", learning_rate=0.1, schedule="constant", epochs=1, steps_per_execution=1
    )

    _, found = fit(training, rows, rows, tmp_path)

    assert [record["step"] for record in found["steps"]] == list(range(1, 11))
    assert all(record["learning_rate"] == pytest.approx(0.1) for record in found["steps"])
    assert all(record["gradient_norm"] > 0 for record in found["steps"])
    assert all(record["examples_per_second"] > 0 for record in found["steps"])
    # the mean of the steps' losses is the epoch's
    mean = np.mean([record["loss"] for record in found["steps"]])
    assert mean == pytest.approx(found["epochs"][0]["loss"], rel=1e-5)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_gradient_is_clipped_to_its_norm(tmp_path):
    rows = arrays(100, above_0)
    training = settings(
        optimizer="sgd",
        learning_rate=1.0,
        schedule="constant",
        epochs=1,
        clip_norm=1e-3,
        batch_size=100,
    )
    keras.utils.set_random_seed(0)
    model = build_model([X], Head("binary"), Mlp(hidden=(8,), dropout=0.0))
    before = weights_of(model)

    fit(training, rows, rows, tmp_path, model=model)

    # one step of learning rate 1 moves the weights by the clipped norm
    assert np.linalg.norm(weights_of(model) - before) == pytest.approx(1e-3, rel=1e-3)
