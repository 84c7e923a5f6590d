"""What is told of a training while it goes on."""

import logging

import keras
import numpy as np

from modules.progress import LOGGER, Rows
from modules.training.gradients import prepared
from modules.training.progress import TrainingProgress
from modules.training.recording import Recorder


def test_steps_epochs_and_the_metrics_of_the_last_epoch_are_told(caplog, monkeypatch):
    monkeypatch.setattr("modules.progress.SECONDS", 0.0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(prepared(keras.optimizers.SGD, None)(0.1), "mse")
    x = np.ones((4, 1), np.float32)
    recorder = Recorder(steps_per_epoch=2, total=4, batch_size=2)

    with caplog.at_level(logging.INFO, LOGGER.name):
        data = {"validation_data": (x, x), "batch_size": 2, "epochs": 2, "verbose": 0}
        model.fit(x, x, callbacks=[recorder, TrainingProgress(recorder)], **data)

    told = [record.getMessage() for record in caplog.records if record.name == LOGGER.name]
    assert told[:2] == ["epoch 1 of 2, step 1 of 4", "epoch 1 of 2, step 2 of 4"]
    assert told[2].startswith("epoch 2 of 2, step 3 of 4, val_loss ")
    assert told[2].endswith(" examples/s")
    assert len(told) == 4
    fractions = [record.fraction for record in caplog.records if record.name == LOGGER.name]
    assert fractions == [0.25, 0.5, 0.75, 1.0]


def test_rows_are_told_now_and_then_and_not_each_time(caplog, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("modules.progress.time.monotonic", lambda: now[0])
    rows = Rows("read")

    with caplog.at_level(logging.INFO, LOGGER.name):
        for later in (0.25, 0.5, 0.625, 1.25):  # told half a second after the last time, or later
            now[0] = 100.0 + later
            rows.add(1000)

    assert [record.getMessage() for record in caplog.records] == [
        "2,000 rows read",
        "4,000 rows read",
    ]
