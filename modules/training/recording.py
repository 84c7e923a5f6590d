"""What happened in a training, step by step: for the report, and for going on after a stop."""

import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from modules.errors import GateError

_MOST_RECORDS = 500  # of steps: enough for a curve
_NOTED = ("step", "steps", "epochs", "restarts")  # what a checkpoint keeps of a recorder
_ADVICE = "Lower training.learning_rate, set training.clip_norm, or train with precision 'float32'"


Record = dict[str, Any]  # numbers by name; None for one that is not finite


class Recorder(keras.callbacks.Callback):
    """Knows the step, and keeps metrics, learning rate, gradient norm and speed.

    Must be the first of the callbacks: the others ask it for the step.

    Attributes:
        step: batches trained on so far. Not the optimizer's iterations: with float16 it leaves
            out the steps whose gradient overflowed.
        steps: a record every so many steps: `step`, `loss` (the mean since the last record),
            `learning_rate`, `gradient_norm` (of that step) and `examples_per_second`.
        epochs: a record each: `epoch` from 1, `step`, `seconds`, `examples_per_second` (without
            the time spent watching), `learning_rate`, and every metric, those of the rows that
            are watched as `val_...`.
        restarts: a record each time the training went on after a stop: from which `step`, after
            how many epochs (`epoch`, 3.4 say), and for what `reason`.
    """

    def __init__(self, steps_per_epoch: int, total: int, batch_size: int) -> None:
        super().__init__()
        self.steps_per_epoch = steps_per_epoch
        self.total = total
        self.step = 0
        self.steps: list[Record] = []
        self.epochs: list[Record] = []
        self.restarts: list[Record] = []
        self._batch_size = batch_size
        self._interval = max(1, total // _MOST_RECORDS)
        self._begun = self._last = self._trained = time.monotonic()
        self._first = self._recorded = 0  # steps: where this epoch began, and the last record
        self._sum = 0.0  # of the losses of this epoch up to the last record

    @property
    def at_epoch_end(self) -> bool:
        """Whether the last step of an epoch, or of the training, is done."""
        return self.step % self.steps_per_epoch == 0 or self.step == self.total

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Starts the epoch's clock."""
        del epoch, logs
        self._begun = self._last = time.monotonic()
        self._first = self._recorded = self.step
        self._sum = 0.0

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Counts the steps, and stops the training at the first loss that is not finite."""
        before, self.step = self.step, self._first + batch + 1
        loss = float((logs or {}).get("loss", 0.0))
        if not np.isfinite(loss):
            raise GateError([f"training: the loss became {loss} {self._where(before)}. {_ADVICE}"])
        self._trained = time.monotonic()
        if self.step - self._recorded >= self._interval or self.at_epoch_end:
            self._record(loss)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Records the epoch; a metric that is not finite as None."""
        seconds = time.monotonic() - self._begun
        watched = {name: _finite(float(value)) for name, value in (logs or {}).items()}
        if "val_loss" in watched and watched["val_loss"] is None:
            raise GateError(
                [
                    f"training: the validation loss was not finite after step {self.step:,} "
                    f"(epoch {epoch + 1}), expected a finite number. {_ADVICE}"
                ]
            )
        self.epochs.append(
            {
                "epoch": epoch + 1,
                "step": self.step,
                "seconds": round(seconds, 3),
                "examples_per_second": self._speed(self._first, self._trained - self._begun),
                "learning_rate": self._number(self.model.optimizer.learning_rate),
                **watched,
            }
        )

    def notes(self) -> dict[str, Any]:
        """What to go on from."""
        return {name: getattr(self, name) for name in _NOTED}

    def take_notes(self, notes: Mapping[str, Any]) -> None:
        """Goes on from there."""
        for name in _NOTED:
            setattr(self, name, notes[name])

    def add_restart(self, reason: str) -> None:
        """Notes that the training goes on from this step, and why it had stopped."""
        epoch = round(self.step / self.steps_per_epoch, 3)
        self.restarts.append({"step": self.step, "epoch": epoch, "reason": reason})

    def _record(self, mean: float) -> None:
        """Keeps one record; Keras tells the mean loss of the epoch so far."""
        now = self._trained
        total = mean * (self.step - self._first)
        self.steps.append(
            {
                "step": self.step,
                "loss": (total - self._sum) / (self.step - self._recorded),
                "learning_rate": self._number(self.model.optimizer.learning_rate),
                "gradient_norm": self._gradient_norm(),
                "examples_per_second": self._speed(self._recorded, now - self._last),
            }
        )
        self._sum, self._recorded, self._last = total, self.step, now

    def _speed(self, since: int, seconds: float) -> float:
        return round((self.step - since) * self._batch_size / max(seconds, 1e-6), 1)

    def _where(self, before: int) -> str:
        """The steps of the last call from Python, and which batches of the epoch they took."""
        epoch, last = divmod(self.step - 1, self.steps_per_epoch)
        if self.step - before == 1:
            return (
                f"in step {self.step:,} (epoch {epoch + 1}, batch {last + 1:,}), expected a finite "
                f"number"
            )
        first = last + 2 - (self.step - before)
        return (
            f"in steps {before + 1:,} to {self.step:,} (epoch {epoch + 1}, batches {first:,} to "
            f"{last + 1:,}; training.steps_per_execution = 1 tells which), expected a finite number"
        )

    def _gradient_norm(self) -> float | None:
        """Of the last step, over all weights; a loss scale holds the optimizer that knows it."""
        optimizer = self.model.optimizer
        return _finite(self._number(getattr(optimizer, "inner_optimizer", optimizer).gradient_norm))

    def _number(self, variable: Any) -> float:
        """The value of a variable, also of a mirrored one."""
        return float(keras.ops.convert_to_numpy(variable))


def _finite(number: float) -> float | None:
    """The number, or None, which JSON has a word for."""
    return number if np.isfinite(number) else None
