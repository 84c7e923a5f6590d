"""Fits a compiled model: from wherever it stands to the end of its training."""

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import keras

from modules.errors import SpecError
from modules.spec.training import Training
from modules.training.checkpoint import Checkpoints, Start
from modules.training.coordinated import Coordinated
from modules.training.input import Order, Table, evaluation_batches, training_batches
from modules.training.progress import TrainingProgress
from modules.training.recording import Recorder
from modules.training.strategy import Spread

_MOST_STEPS_AT_ONCE = 16  # by one call from Python: progress and checkpoints come in between
# Callbacks of Keras that write files: one process is enough.
_WRITING = (
    keras.callbacks.CSVLogger,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.TensorBoard,
)


@dataclasses.dataclass(frozen=True)
class Plan:
    """How many steps a training takes, and which rows each of them sees."""

    training: Training
    order: Order
    total: int  # steps
    at_once: int  # steps of one call from Python

    @property
    def epochs(self) -> int:
        """The last may be shorter."""
        return math.ceil(self.total / self.order.steps_per_epoch)

    def segments(self, start: int) -> list[tuple[int, int]]:
        """Steps from and to, for each call of `fit`, which knows whole epochs only."""
        length = self.order.steps_per_epoch
        ends = {start, self.total, self.total - self.total % length}
        ends.add(min(-(-start // length) * length, self.total))
        marks = sorted(mark for mark in ends if start <= mark)
        return list(itertools.pairwise(marks))


def plan(training: Training, rows: int, replicas: int) -> Plan:
    """The plan for a number of examples.

    A call from Python costs a millisecond, as much as a step of a small network: so each runs
    several steps, as many as divide both an epoch and the whole, that no step is left over. An
    epoch may be up to 5 % shorter for that.

    Raises:
        SpecError: if there are fewer examples than replicas.
    """
    if rows < replicas:
        raise SpecError(
            [
                f"training: {replicas} replicas share the {rows} examples of the train split, "
                f"expected at least one each. Train with fewer workers"
            ]
        )
    size = min(training.batch_size, rows - rows % replicas)
    full = max(1, rows // size)
    most = _most_at_once(training, replicas)
    shortest = full - min(full - 1, max(full // 20, training.steps_per_execution or 0))
    at_once, length = max(
        (_divisor(math.gcd(length, training.steps or length), most), length)
        for length in range(shortest, full + 1)
    )
    order = Order(rows, size, length, training.seed)
    return Plan(training, order, training.steps or training.epochs * length, at_once)


def _most_at_once(training: Training, replicas: int) -> int:
    # The collectives of several replicas do not compile in a loop (modules/training/keras_mend.py).
    compiled = training.jit_compile and replicas > 1
    return training.steps_per_execution or (1 if compiled else _MOST_STEPS_AT_ONCE)


def _divisor(number: int, most: int) -> int:
    """The largest divisor of a number that is not above `most`."""
    return max(count for count in range(1, most + 1) if number % count == 0)


def fit(
    model: keras.Model,
    tables: tuple[Table, Table],
    plan: Plan,
    spread: Spread,
    callbacks: Sequence[keras.callbacks.Callback],
    start: Start,
) -> Recorder:
    """Trains a compiled model in place; it ends with what the callbacks make of its weights.

    Args:
        model: built and compiled within the strategy, its optimizer built.
        tables: the examples to learn from and those to watch.
        plan: which steps to take.
        spread: the strategy, and the part of this process in it.
        callbacks: of the spec.
        start: where the checkpoint is kept; training goes on from it if it is there.

    Returns:
        What happened, also before an interruption.

    Raises:
        GateError: at the first loss that is not finite; the last good checkpoint is kept.
    """
    recorder = Recorder(plan.order.steps_per_epoch, plan.total, plan.order.batch_size)
    own = [callback for callback in callbacks if spread.is_chief or not _writes(callback)]
    checkpoints = Checkpoints(start, plan.training, recorder, own, writes=spread.is_chief)
    told = [TrainingProgress(recorder)] if spread.is_chief else []
    once = _Once(
        [recorder, *told, *own, checkpoints],
        model=model,
        epochs=plan.epochs,
        steps=plan.order.steps_per_epoch,
    )
    once.begin()
    if not checkpoints.ended:
        if spread.workers:
            coordinated = Coordinated(model, tables, spread, once, checkpoints)
            take = functools.partial(coordinated.fit, plan.order, plan.at_once)
        else:
            take = functools.partial(_by_keras, model, tables, plan.order, spread, once)
        for part in plan.segments(checkpoints.step):
            take(part)
            if model.stop_training:
                break
    once.end()
    return recorder


def _by_keras(
    model: keras.Model,
    tables: tuple[Table, Table],
    order: Order,
    spread: Spread,
    callbacks: keras.callbacks.CallbackList,
    part: tuple[int, int],
) -> None:
    """Takes the steps from one on up to another: the rest of an epoch, or whole epochs."""
    (train, valid), (start, end) = tables, part
    length = min(order.steps_per_epoch, end - start)
    first = start // order.steps_per_epoch
    model.fit(
        spread.batches(functools.partial(training_batches, train, order, start)),
        initial_epoch=first,
        epochs=first + (end - start) // length,
        steps_per_epoch=length,
        validation_data=spread.batches(functools.partial(evaluation_batches, valid)),
        callbacks=callbacks,
        shuffle=False,  # the batches are shuffled already
        verbose=0,
    )


def _writes(callback: keras.callbacks.Callback) -> bool:
    return isinstance(callback, _WRITING)


class _Once(keras.callbacks.CallbackList):
    """One beginning and one end for the callbacks, however many calls of `fit` it takes."""

    def __init__(
        self, callbacks: Sequence[keras.callbacks.Callback], model: keras.Model, **params: Any
    ) -> None:
        super().__init__(list(callbacks), add_history=True, model=model, **params)
        self._logs: dict[str, float] | None = None

    def begin(self) -> None:
        """Tells the callbacks that training begins."""
        super().on_train_begin()

    def end(self) -> None:
        """Tells the callbacks that training has ended."""
        super().on_train_end(self._logs)

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Nothing: a call of `fit` is but a part."""

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Keeps the metrics of the last epoch."""
        self._logs = logs
