"""Callbacks in real training of a few steps."""

import csv

import keras
import numpy as np
import pytest

from modules.spec import callbacks
from modules.training.callbacks import build_callbacks

X = np.linspace(-1, 1, 20, dtype="float32")[:, np.newaxis]


class Told(keras.callbacks.Callback):
    """Writes the given numbers into the logs, where the callbacks after it read them."""

    def __init__(self, **numbers):
        super().__init__()
        self.numbers = numbers

    def on_epoch_end(self, epoch, logs=None):
        logs.update({name: values[epoch] for name, values in self.numbers.items()})


def fit(settings, folder, epochs=4, **numbers):
    """A model after training, of which the weight after each epoch is known."""
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    weights = []
    noted = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.append(float(model.get_weights()[0][0, 0]))
    )
    watched = [Told(**numbers), noted, *build_callbacks(settings, folder)]
    model.fit(X, X, epochs=epochs, validation_data=(X, X), callbacks=watched, verbose=0)
    return model, weights


def weight(model):
    return float(model.get_weights()[0][0, 0])


def test_early_stopping_checkpoint_and_tensorboard_are_always_there(tmp_path):
    built = build_callbacks([], tmp_path / "new")

    assert [type(callback).__name__ for callback in built] == [
        "EarlyStopping",
        "ModelCheckpoint",
        "TensorBoard",
    ]
    assert (tmp_path / "new").is_dir()


def test_a_given_callback_replaces_that_of_its_name_or_is_added(tmp_path):
    given = [callbacks.CsvLogger(), callbacks.EarlyStopping(patience=9)]

    built = build_callbacks(given, tmp_path)

    assert [type(callback).__name__ for callback in built] == [
        "EarlyStopping",
        "ModelCheckpoint",
        "TensorBoard",
        "CSVLogger",
    ]
    assert built[0].patience == 9


def test_training_stops_after_the_epochs_of_patience_with_its_best_weights(tmp_path):
    settings = [callbacks.EarlyStopping(patience=2)]

    model, weights = fit(settings, tmp_path, 9, val_loss=[3, 2, 5, 5, 1, 0, 0, 0, 0])

    assert len(weights) == 4
    assert weight(model) == pytest.approx(weights[1])


def test_more_is_better_of_a_metric_of_which_it_is(tmp_path):
    settings = [callbacks.EarlyStopping(monitor="val_pr_auc", patience=2)]

    model, weights = fit(settings, tmp_path, 9, val_pr_auc=[0.5, 0.9, 0.8, 0.7, 1, 1, 1, 1, 1])

    assert len(weights) == 4
    assert weight(model) == pytest.approx(weights[1])


def test_training_to_its_end_ends_with_its_best_weights_too(tmp_path):
    model, weights = fit([], tmp_path, val_loss=[3, 1, 2, 2])

    assert weight(model) == pytest.approx(weights[1])


def test_the_best_weights_are_in_the_run_folder(tmp_path):
    settings = [callbacks.ModelCheckpoint(monitor="val_auc")]
    model, weights = fit(settings, tmp_path, val_auc=[0.5, 0.9, 0.8, 0.7])

    model.load_weights(tmp_path / "best.weights.h5")

    assert weight(model) == pytest.approx(weights[1])


def test_the_last_weights_are_in_a_file_that_says_so(tmp_path):
    settings = [callbacks.ModelCheckpoint(save_best_only=False)]
    model, weights = fit(settings, tmp_path, val_loss=[3, 1, 2, 2])

    model.load_weights(tmp_path / "last.weights.h5")

    assert weight(model) == pytest.approx(weights[-1])
    assert not (tmp_path / "best.weights.h5").exists()


def test_the_learning_rate_falls_when_the_loss_does_not(tmp_path):
    reduction = callbacks.ReduceLrOnPlateau(factor=0.5, patience=2, min_lr=0.04)

    model, _ = fit([reduction], tmp_path, val_loss=[1, 1, 1, 1])

    # Once after two epochs without an improvement, from 0.1
    assert float(model.optimizer.learning_rate) == pytest.approx(0.05)


def test_a_row_an_epoch_is_written(tmp_path):
    fit([callbacks.CsvLogger(separator=";")], tmp_path, epochs=2)

    with (tmp_path / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert set(rows[0]) == {"epoch", "loss", "val_loss"}


def test_tensorboard_has_both_splits_and_histograms(tmp_path):
    fit([callbacks.TensorBoard(histogram_freq=1)], tmp_path, epochs=1)

    assert {path.parent.name for path in tmp_path.rglob("events.*")} == {"train", "validation"}


def test_a_number_that_is_not_there_cannot_be_watched(tmp_path):
    with pytest.raises(ValueError, match="monitor: got 'val_auk', expected one of loss, auc"):
        build_callbacks([callbacks.EarlyStopping(monitor="val_auk")], tmp_path)
