"""What is told of a training while it goes on."""

import logging

import keras
import numpy as np

from modules.progress import LOGGER, TrainingProgress


def test_steps_epochs_and_the_metrics_of_the_last_epoch_are_told(caplog, monkeypatch):
    monkeypatch.setattr("modules.progress._SECONDS", 0.0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 1), np.float32)

    with caplog.at_level(logging.INFO, LOGGER.name):
        data = {"validation_data": (x, x), "batch_size": 2, "epochs": 2, "verbose": 0}
        model.fit(x, x, callbacks=[TrainingProgress()], **data)

    told = caplog.messages
    assert told[:2] == ["epoch 1 of 2, step 1 of 2", "epoch 1 of 2, step 2 of 2"]
    assert told[2].startswith("epoch 2 of 2, step 1 of 2, val_loss ")
    assert len(told) == 4
