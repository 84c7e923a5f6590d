"""Where a training stands, in one file that is either whole or not there."""

import dataclasses
import io
import json
import pathlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from modules.spec.training import Training
from modules.training.recording import Recorder

CHECKPOINT = "checkpoint.npz"  # in the run folder, until the model is exported
_NOTES = "notes"
_EARLIER = "it went on from the checkpoint of an earlier try"
# What Keras' callbacks know beyond what they are constructed with (Keras 3.15).
_REMEMBERED = ("best", "wait", "best_epoch", "cooldown_counter", "stopped_epoch")


@dataclasses.dataclass(frozen=True)
class State:
    """A training between two steps."""

    notes: Mapping[str, Any]  # JSON values
    arrays: Mapping[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Start:
    """The start of a training, or of its processes again."""

    folder: pathlib.Path  # where the checkpoint is kept
    attempt: str = ""  # the same for all starts of one job
    restarts: Sequence[str] = ()  # why this is not the first of the job, in order


def save(state: State, path: str) -> None:
    """Writes the state; until it is whole, the one from before stays."""
    content = io.BytesIO()
    notes = np.frombuffer(json.dumps(dict(state.notes)).encode(), np.uint8)
    np.savez(content, allow_pickle=False, **{_NOTES: notes}, **state.arrays)
    unfinished = f"{path}.writing"
    with tf.io.gfile.GFile(unfinished, "wb") as file:
        file.write(content.getvalue())
    tf.io.gfile.rename(unfinished, path, overwrite=True)


def load(path: str) -> State | None:
    """The state that was saved last, or None."""
    if not tf.io.gfile.exists(path):
        return None
    with tf.io.gfile.GFile(path, "rb") as file:
        content = np.load(io.BytesIO(file.read()), allow_pickle=False)
        arrays = {name: content[name] for name in content.files}
    return State(json.loads(arrays.pop(_NOTES).tobytes()), arrays)


class Checkpoints(keras.callbacks.Callback):
    """Saves where the training stands, now and then, and goes on from there.

    More than keras.callbacks.BackupAndRestore (Keras 3.15) keeps: the random state of dropout,
    what early stopping has seen and its best weights, the history; so a training that was
    interrupted ends as if it had not been. Must be the last of the callbacks.

    Attributes:
        held: set while more steps are under way than the recorder knows of; within an epoch
            nothing is saved then.
    """

    def __init__(
        self,
        start: Start,
        training: Training,
        recorder: Recorder,
        others: Sequence[keras.callbacks.Callback],
        writes: bool,
    ) -> None:
        """Takes where the file lies, and whether this process writes it: only the chief does."""
        super().__init__()
        self._start = start
        self._path = str(start.folder / CHECKPOINT)
        self._training = training
        self._recorder = recorder
        self._others = [callback for callback in others if _memory(callback)]
        self._writes = writes
        self.held = False
        self._saved_at, self._saved_step = time.monotonic(), 0
        self._found = load(self._path)

    @property
    def step(self) -> int:
        """Where to begin: 0, or the step of the checkpoint that was found."""
        return int(self._found.notes["recorder"]["step"]) if self._found else 0

    @property
    def ended(self) -> bool:
        """Whether the training of the checkpoint that was found had come to its end."""
        return bool(self._found and self._found.notes["ended"])

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Puts everything back as it was, and notes why it had to be."""
        del logs
        if self._found:
            self._put_back(self._found)
        for reason in self._reasons():
            self._recorder.add_restart(reason)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Saves when it is time, but for the end of an epoch: that is not judged yet."""
        del batch, logs
        if not self.held and not self._recorder.at_epoch_end and self.is_due():
            self._save()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Saves when it is time, now that the others have seen the epoch's metrics."""
        del epoch, logs
        if self.is_due():
            self._save()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Saves the end: what comes after the training may be interrupted, too."""
        del logs
        self._save(ended=True)

    def is_due(self, more: int = 0) -> bool:
        """Whether it is time for this process to save, once so many more steps are taken."""
        if not self._writes:
            return False
        steps = self._training.checkpoint_steps
        if steps and self._recorder.step + more - self._saved_step >= steps:
            return True
        return time.monotonic() - self._saved_at >= 60 * self._training.checkpoint_minutes

    def _put_back(self, found: State) -> None:
        for name, variable in self._variables().items():
            variable.assign(found.arrays[name])
        self._recorder.take_notes(found.notes["recorder"])
        for index, callback in enumerate(self._others):
            for name, value in found.notes["callbacks"][index].items():
                setattr(callback, name, value)
            best = [array for name, array in _numbered(found.arrays, f"best{index}/")]
            if best:
                callback.best_weights = best
        self._saved_step = self.step

    def _reasons(self) -> Sequence[str]:
        """Why the training was started again, but for what the checkpoint knows already."""
        if self._found is None:
            return self._start.restarts
        if self._found.notes["attempt"] != self._start.attempt:
            return (_EARLIER, *self._start.restarts)
        return self._start.restarts[self._found.notes["restarts"] :]

    def _save(self, ended: bool = False) -> None:
        arrays = {
            name: keras.ops.convert_to_numpy(variable)
            for name, variable in self._variables().items()
        }
        if not self._writes or not all(np.isfinite(array).all() for array in arrays.values()):
            return  # weights can be lost a step before the loss shows it
        for index, callback in enumerate(self._others):
            best = getattr(callback, "best_weights", None) or []
            arrays.update({f"best{index}/{place:05}": array for place, array in enumerate(best)})
        notes = {
            "recorder": self._recorder.notes(),
            "callbacks": [_memory(callback) for callback in self._others],
            "ended": ended or bool(self.model.stop_training),
            "attempt": self._start.attempt,
            "restarts": len(self._start.restarts),  # of this attempt, which the recorder knows
        }
        save(State(notes, arrays), self._path)
        self._saved_at, self._saved_step = time.monotonic(), self._recorder.step

    def _variables(self) -> dict[str, keras.Variable]:
        """Everything that training changes, by a name that is the same in each process."""
        metrics = {id(variable) for variable in self.model.metrics_variables}
        own = [variable for variable in self.model.variables if id(variable) not in metrics]
        found = {f"model/{index:05}": variable for index, variable in enumerate(own)}
        for index, variable in enumerate(self.model.optimizer.variables):
            found[f"optimizer/{index:05}"] = variable
        return found


def _memory(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """What a callback of Keras remembers of the epochs it has seen."""
    found = {name: getattr(callback, name) for name in _REMEMBERED if hasattr(callback, name)}
    return {name: None if value is None else float(value) for name, value in found.items()}


def _numbered(arrays: Mapping[str, np.ndarray], prefix: str) -> list[tuple[str, np.ndarray]]:
    return sorted((name, array) for name, array in arrays.items() if name.startswith(prefix))
