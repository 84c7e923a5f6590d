"""Training in which workers take steps of their own: the loop of `fit`, for parameter servers.

Keras 3's `fit` never speaks to a ClusterCoordinator (docs/decisions/keras-multi-worker.md). Here
this process, the chief, says which rows each step sees. Whichever worker is free picks them from
its own copy of the examples, reads the weights from the parameter servers and adds its update to
them, without waiting for the others.
"""

import collections
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from modules.errors import SpecError
from modules.training.checkpoint import Checkpoints
from modules.training.input import Order, Share, Table, evaluation_batches
from modules.training.strategy import Spread

_CALLS = 2  # under way for each worker: one that runs, and one to go on with
_LOSS = "loss"  # Keras' name for the metric of it

Losses = dict[str, tf.Tensor]


class Coordinated:
    """What `keras.Model.fit` is for other strategies: takes steps and tells the callbacks.

    The callbacks hear of steps in the order in which they were handed out. A checkpoint, the end
    of an epoch and what is watched there come when no step is under way.
    """

    def __init__(
        self,
        model: keras.Model,
        tables: tuple[Table, Table],
        spread: Spread,
        callbacks: keras.callbacks.CallbackList,
        checkpoints: Checkpoints,
    ) -> None:
        """Sends the examples to learn from to each worker, once."""
        train, self._watched = tables
        self._model = model
        self._callbacks, self._checkpoints = callbacks, checkpoints
        self._most = _CALLS * spread.workers
        self._calls: collections.deque[Any] = collections.deque()  # losses `(steps,)` to come
        self._taken, self._sum = 0, 0.0  # steps of this epoch that were told, and their losses
        with spread.strategy.scope():
            losses = _count_in_one_go(model, self._watched)
        self._steps = _steps(model, train, losses)
        self._judge = tf.function(model.test_step, reduce_retracing=True)
        self._coordinator = tf.distribute.coordinator.ClusterCoordinator(spread.strategy)
        # The one element is all examples: a worker picks rows from what it has in memory.
        self._examples = iter(
            self._coordinator.create_per_worker_dataset(
                lambda: tf.data.Dataset.from_tensors(train.tensors).repeat()
            )
        )

    def fit(self, order: Order, at_once: int, part: tuple[int, int]) -> None:
        """Takes the steps from one on up to another: the rest of an epoch, or whole epochs.

        Args:
            order: which rows each step sees.
            at_once: steps of one call, a divisor of those of an epoch.
            part: both steps, multiples of `at_once`.
        """
        start, end = part
        length = min(order.steps_per_epoch, end - start)
        picked = iter(order.batches(start, Share()).batch(at_once))
        for first in range(start, end, length):
            calls = itertools.islice(picked, length // at_once)
            self._epoch(first // order.steps_per_epoch, calls)
            if self._model.stop_training:
                return

    def _epoch(self, epoch: int, picked: Iterator[tf.Tensor]) -> None:
        self._model.reset_metrics()
        self._callbacks.on_epoch_begin(epoch)
        self._taken, self._sum = 0, 0.0
        for indices in picked:
            call = self._coordinator.schedule(self._steps, args=(self._examples, indices))
            self._calls.append(call)
            if self._checkpoints.is_due(len(self._calls) * len(indices)):
                self._tell(len(self._calls))  # as one, so that nothing is under way when it saves
            elif len(self._calls) == self._most:
                self._tell(1)
        while self._calls:
            self._tell(1)
        learned = self._metrics()
        watched = {f"val_{name}": value for name, value in self._evaluated().items()}
        self._callbacks.on_epoch_end(epoch, {**learned, **watched})

    def _tell(self, count: int) -> None:
        """Waits for the oldest calls, and tells the callbacks of their steps as of one batch."""
        losses = np.concatenate([self._calls.popleft().fetch() for _ in range(count)])
        first, self._taken = self._taken, self._taken + len(losses)
        self._sum += float(np.sum(losses, dtype=np.float64))
        self._checkpoints.held = bool(self._calls)
        self._callbacks.on_train_batch_begin(first)
        self._callbacks.on_train_batch_end(self._taken - 1, {_LOSS: self._sum / self._taken})

    def _evaluated(self) -> dict[str, float]:
        """The metrics of the rows that are watched, computed by this process."""
        self._callbacks.on_test_begin()
        self._model.reset_metrics()
        for batch in evaluation_batches(self._watched, Share()):
            self._judge(batch)
        found = self._metrics()
        self._callbacks.on_test_end(found)
        return found

    def _metrics(self) -> dict[str, float]:
        found = self._model.get_metrics_result()
        return {name: float(value) for name, value in found.items()}


def _steps(model: keras.Model, train: Table, losses: Losses) -> Callable[..., tf.Tensor]:
    """What a worker does: from its examples and indices `(steps, batch)` to losses `(steps,)`."""

    def step(batch: Any) -> tf.Tensor:
        losses.clear()
        model.train_step(batch)
        if _LOSS not in losses:
            raise SpecError(
                [
                    f"model.family: the model's train_step updates no metric called {_LOSS!r}, "
                    f"which parameter_server tells the loss by. Let it call keras.Model.train_step"
                ]
            )
        return losses[_LOSS]

    def one(table: Table, indices: tf.Tensor) -> tf.Tensor:
        with tf.device("CPU:0"):  # else a GPU is given all examples, each time
            batch = table.pick(indices)
        return model.distribute_strategy.run(step, args=(batch,))

    @tf.function(autograph=False)
    def steps(examples: Iterator[Any], indices: tf.Tensor) -> tf.Tensor:
        table = train.holding(next(examples))
        return tf.map_fn(
            lambda each: one(table, each),
            indices,
            fn_output_signature=tf.float32,
            parallel_iterations=1,
        )

    return steps


def _count_in_one_go(model: keras.Model, table: Table) -> Losses:
    """Makes the counts of a model right that several workers add to at the same time.

    Keras 3.15 reads a variable, adds, and writes it: what another worker added in between is lost.
    Of 240 steps 43 were missing in `iterations`, by which learning rate and Adam go, and the
    accuracy of an epoch was 0.67 instead of 0.8.

    Returns:
        The loss of the batch that is being traced, by the name of its metric.
    """
    model.test_step(table.pick(tf.range(1)))  # the metrics make their variables
    iterations = model.optimizer.iterations
    iterations.assign_add = iterations.value.assign_add
    losses: Losses = {}
    for metric in model.metrics:
        metric.update_state = _adding(metric, losses)
    return losses


def _adding(metric: keras.metrics.Metric, losses: Losses) -> Callable[..., None]:
    """`update_state`, but that what the batch alone counts is added to each variable at once."""
    stock = metric.update_state

    def update_state(*args: Any, **kwargs: Any) -> None:
        nothing = [(each, tf.zeros(each.shape, each.dtype)) for each in metric.variables]
        with keras.StatelessScope(state_mapping=nothing) as scope:
            stock(*args, **kwargs)
            if metric.name == _LOSS:
                losses[_LOSS] = metric.result()
        for variable in metric.variables:
            variable.value.assign_add(scope.get_current_value(variable))

    return update_state
