"""How far a training is."""

import time
from typing import Any

import keras

from modules import progress
from modules.training.recording import Recorder


class TrainingProgress(keras.callbacks.Callback):
    """Tells step, speed and the metrics of the last epoch."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder
        self._told = 0.0
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Notes the epoch."""
        del logs
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the step, now and then."""
        del batch, logs
        now = time.monotonic()
        if now - self._told < progress.SECONDS:
            return
        self._told = now
        done = self._recorder
        text = (
            f"epoch {self._epoch} of {self.params['epochs']}, step {done.step:,} of {done.total:,}"
        )
        if done.epochs:
            last = done.epochs[-1]
            text += "".join(
                f", {name} {value:.4g}"
                for name, value in last.items()
                if name.startswith("val_") and value is not None
            )
            text += f", {last['examples_per_second']:,.0f} examples/s"
        progress.LOGGER.info(text, extra={"fraction": done.step / done.total})
