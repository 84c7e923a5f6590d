"""How far a long step is, for whoever watches: a logger, so that no step knows who that is.

The local runner shows the latest message beside the stage; in a pod it is a line of its log.
"""

import logging
import time
from typing import Any

import keras

LOGGER = logging.getLogger("headrace.progress")
_SECONDS = 0.5  # between two messages within an epoch


class TrainingProgress(keras.callbacks.Callback):
    """Tells step, epoch and the metrics of the last epoch."""

    def __init__(self) -> None:
        super().__init__()
        self._told = 0.0
        self._epoch = 0
        self._metrics = ""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Notes the epoch."""
        del logs
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the step, now and then."""
        del logs
        now = time.monotonic()
        if now - self._told >= _SECONDS:
            self._told = now
            steps = self.params["steps"]
            epochs = self.params["epochs"]
            LOGGER.info(
                f"epoch {self._epoch} of {epochs}, step {batch + 1:,} of {steps:,}{self._metrics}"
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keeps what was measured on the rows that are watched."""
        del epoch
        watched = {name: value for name, value in (logs or {}).items() if name.startswith("val_")}
        self._metrics = "".join(f", {name} {value:.4g}" for name, value in watched.items())
