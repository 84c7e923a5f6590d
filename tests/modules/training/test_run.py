"""Training on arrays that were never in a file, of specs that were never in TOML."""

import keras
import numpy as np
import pytest

from modules.columns import Column, Head
from modules.errors import GateError
from modules.models.tabular import build_model
from modules.spec.learning import LearningSpec
from modules.spec.model import Tabular
from modules.training import run as training

X = Column("x_xf", 1, "float32", None)


def spec_of(task="binary", **settings):
    classes = {"multiclass": ["a", "b", "c"]}.get(task)
    label = {"column": "y", "task": task} | ({"classes": classes} if classes else {})
    values = {"epochs": 3, "batch_size": 10, **settings}
    return LearningSpec.model_validate({"label": label, "features": {}, "training": values})


def arrays(count, label):
    """Evenly spaced numbers in [-1, 1], and what the function makes of them."""
    x = np.linspace(-1, 1, count, dtype=np.float32)[:, np.newaxis]
    return {"x_xf": x, "y_xf": label(x)}


def above_0(x):
    return (x > 0).astype(np.int64)


def model_for(spec, hidden=(8,), mean=0.0):
    keras.utils.set_random_seed(spec.training.seed)
    head = Head(spec.label.task, len(spec.label.classes), mean)
    return build_model([X], head, Tabular(hidden=hidden, dropout=0.0))


def fit(spec, train, valid, folder, **model):
    """The trained model and its history."""
    built = model_for(spec, **model)
    return built, training.fit(built, spec, train, valid, folder)


@pytest.mark.parametrize(
    ("task", "label", "metric", "limit"),
    [
        ("binary", above_0, "auc", 0.99),
        ("multiclass", lambda x: np.digitize(x, [-0.5, 0.5]), "accuracy", 0.9),
        ("regression", lambda x: 3 * x, "rmse", -0.3),  # without learning it is 3 / sqrt(3) = 1.7
    ],
)
def test_a_model_learns_what_is_plain_to_see(tmp_path, task, label, metric, limit):
    spec = spec_of(task, epochs=30, learning_rate=0.05)
    rows = arrays(200, label)

    _, history = fit(spec, rows, rows, tmp_path)

    best = history["epochs"][f"val_{metric}"][history["best_epoch"] - 1]
    assert (-best if metric == "rmse" else best) > limit


def test_training_takes_the_steps_of_its_epochs(tmp_path):
    rows = arrays(35, above_0)

    model, history = fit(spec_of(epochs=2), rows, rows, tmp_path)

    # 35 rows are 3 full batches of 10: 2 epochs take 6 steps
    assert history["steps"] == int(model.optimizer.iterations) == 6
    assert len(history["epochs"]["loss"]) == len(history["epochs"]["val_auc"]) == 2
    assert history["examples"] == {"train": 35, "valid": 35}


@pytest.mark.parametrize(("steps", "epochs"), [(1, 1), (3, 1), (5, 2)])
def test_training_takes_exactly_the_steps_asked_for(tmp_path, steps, epochs):
    rows = arrays(35, above_0)

    _, history = fit(spec_of(steps=steps, epochs=50), rows, rows, tmp_path)

    # 3 steps an epoch, the last epoch being cut short
    assert history["steps"] == steps
    assert len(history["epochs"]["val_loss"]) == epochs


def test_fewer_rows_than_a_batch_are_learned_from(tmp_path):
    rows = arrays(4, above_0)

    _, history = fit(spec_of(batch_size=512, epochs=2), rows, rows, tmp_path)

    assert history["steps"] == 2


def contradicted(spec, tmp_path):
    """Training on rows of which the valid split says the contrary."""
    train, valid = arrays(40, above_0), arrays(40, lambda x: above_0(-x))
    return fit(spec, train, valid, tmp_path)


def test_training_stops_when_the_validation_loss_no_longer_falls(tmp_path):
    _, history = contradicted(spec_of(epochs=50, patience=2, learning_rate=0.1), tmp_path)

    # The first epoch is the best, and two worse ones are waited for.
    assert len(history["epochs"]["val_loss"]) == 3
    assert history["best_epoch"] == 1


@pytest.mark.parametrize("patience", [2, 50], ids=["stopped early", "ran to the end"])
def test_training_ends_with_the_weights_of_the_best_epoch(tmp_path, patience):
    spec = spec_of(epochs=6, patience=patience, learning_rate=0.1)

    model, history = contradicted(spec, tmp_path)

    valid = arrays(40, lambda x: above_0(-x))
    loss = keras.losses.binary_crossentropy(valid["y_xf"], model({"x_xf": valid["x_xf"]}))
    losses = history["epochs"]["val_loss"]
    assert float(np.mean(loss)) == pytest.approx(min(losses), abs=1e-5)
    assert losses[-1] > min(losses) + 0.1


def test_the_best_weights_are_written_too(tmp_path):
    model, _ = contradicted(spec_of(epochs=3, learning_rate=0.1), tmp_path)
    written = model_for(spec_of(epochs=3, learning_rate=0.1))

    written.load_weights(tmp_path / "best.weights.h5")

    for one, other in zip(written.get_weights(), model.get_weights(), strict=True):
        assert one == pytest.approx(other)


def test_the_same_seed_gives_the_same_weights(tmp_path):
    rows = arrays(100, above_0)

    def weights(seed):
        model, _ = fit(spec_of(seed=seed), rows, rows, tmp_path)
        return np.concatenate([weight.ravel() for weight in model.get_weights()])

    first = weights(1)
    assert weights(1).tolist() == first.tolist()
    assert not np.allclose(weights(2), first)


@pytest.mark.parametrize(
    ("label", "settings"),
    [
        (lambda x: x, {"learning_rate": 1e30}),
        (lambda x: np.where(x > 0.9, np.nan, x), {}),
    ],
    ids=["learning rate", "label"],
)
def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, label, settings):
    rows = arrays(40, label)
    spec = spec_of("regression", **settings)

    with pytest.raises(
        GateError,
        match=r"^training: the validation loss became (nan|inf) in epoch 1, expected a finite "
        r"number. Lower training.learning_rate \(now ",
    ):
        fit(spec, rows, rows, tmp_path)


def test_a_validation_loss_that_is_not_finite_stops_the_run(tmp_path):
    train, valid = arrays(40, lambda x: x), arrays(40, lambda x: x * np.float32(np.nan))

    with pytest.raises(GateError, match="the validation loss became nan in epoch"):
        fit(spec_of("regression"), train, valid, tmp_path)
