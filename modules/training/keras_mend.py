"""Keras 3's fit, evaluate and predict, mended for several replicas.

Keras issue 20585 (https://github.com/keras-team/keras/issues/20585): under
tf.distribute.MultiWorkerMirroredStrategy `fit` fails in three places of Keras'
`backend/tensorflow/trainer.py`, and under MirroredStrategy in two of them.
docs/decisions/keras-multi-worker.md tells what and why;
tests/modules/training/test_keras_mend.py tells when this file can be deleted.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.tensorflow import trainer

_FAULTY = ["3", "15"]  # read and run; what another version needs, the tests must tell

Step = Callable[[Any], Any]
Reduce = Callable[[Any, tf.distribute.Strategy, str], Any]


def mend(strategy: tf.distribute.Strategy) -> None:
    """Makes `fit`, `evaluate` and `predict` of Keras 3.15 work under a strategy of replicas.

    Those of a TPU aside. Under any other strategy, with any other Keras, and when called again,
    nothing is done. Models of another strategy in the same process keep Keras' own code.

    The logs of an epoch are those of all rows. The logs of a batch are means over the replicas,
    each telling of the rows that it has seen in this epoch: the same on all, so that callbacks
    decide alike, but for a metric such as AUC not quite that of all rows.
    """
    if keras.__version__.split(".")[:2] != _FAULTY or not _several_replicas(strategy):
        return
    if getattr(trainer, "_headrace_mended", False):
        return
    trainer._headrace_mended = True
    trainer.reduce_per_replica = _reduce(trainer.reduce_per_replica)
    model = trainer.TensorFlowTrainer
    model._maybe_symbolic_build = _symbolic_build(model._maybe_symbolic_build)
    model._make_function = _make_function(model._make_function)


def _several_replicas(strategy: tf.distribute.Strategy) -> bool:
    several: bool = strategy.num_replicas_in_sync > 1
    return several and not isinstance(strategy, tf.distribute.TPUStrategy)


def _symbolic_build(stock: Callable[..., None]) -> Callable[..., None]:
    """Fault 1: to learn a batch's shapes, Keras reduces its PerReplica values over the workers.

    That fails outside a tf.function. What the data set says of its elements is enough, and no
    batch is read ahead: data shuffled anew at each reading come as they would to one process.
    """

    def build(self: keras.Model, iterator: Any = None, data_batch: Any = None) -> None:
        if iterator is None or not _several_replicas(self.distribute_strategy):
            stock(self, iterator=iterator, data_batch=data_batch)
            return
        spec = iterator._distributed_dataset.element_spec
        one = keras.tree.map_structure(lambda part: getattr(part, "_value_specs", [part])[0], spec)
        with self.distribute_strategy.scope():
            self._symbolic_build(data_batch=one)

    return build


def _reduce(stock: Reduce) -> Reduce:
    """Fault 2: Keras takes the mean of a step's logs over their axis 0, which a scalar lacks.

    `_make_function` lets each step return the mean, so that the first replica's is everyone's.
    """

    def reduce(values: Any, strategy: tf.distribute.Strategy, reduction: str) -> Any:
        if reduction == "auto" and _several_replicas(strategy):
            reduction = "first"
        return stock(values, strategy, reduction)

    return reduce


def _make_function(stock: Callable[..., Step]) -> Callable[..., Step]:
    """Fault 3: Keras' loop for `steps_per_execution` calls a tf.function within a tf.cond.

    The keys of its collectives are then placeholders that nobody feeds (TensorFlow 2.21).
    """

    def make(self: keras.Model, step_function: Step) -> Step:
        if not _several_replicas(self.distribute_strategy):
            return stock(self, step_function)

        def step(data: Any) -> Any:
            return _means(step_function(data))

        function = stock(self, step)
        if self.steps_per_execution == 1:
            return function
        loop = _loop(self, step)

        def run(iterator: Any) -> Any:
            several = isinstance(iterator, tf.distribute.DistributedIterator)
            return loop(iterator) if several else function(iterator)

        return run

    return make


def _loop(model: keras.Model, step: Step) -> Callable[[tf.distribute.DistributedIterator], Any]:
    """Takes `steps_per_execution` steps, or fewer where the data end; returns the last one's logs.

    It raises tf.errors.OutOfRangeError when no worker has a row left, which ends Keras' epoch.

    Raises:
        ValueError: if the model is to be compiled by XLA.
    """
    if model.jit_compile:
        raise ValueError(
            f"Under several workers steps_per_execution = {model.steps_per_execution} and "
            f"jit_compile = {model.jit_compile} exclude each other. Give up one of them."
        )
    strategy = model.distribute_strategy

    def one(data: Any) -> Any:
        return trainer.reduce_per_replica(strategy.run(step, args=(data,)), strategy, "auto")

    one = model._autoconvert_optionals(one)

    def loop(iterator: tf.distribute.DistributedIterator) -> Any:
        def body(taken: tf.Tensor, logs: Any) -> tuple[tf.Tensor, Any]:
            # All workers are asked, so that all take the same branch.
            batch = iterator.get_next_as_optional()
            return taken + 1, tf.cond(
                batch.has_value(), lambda: one(batch.get_value()), lambda: logs
            )

        start = (tf.constant(1), one(iterator.get_next()))
        _, logs = tf.while_loop(
            lambda taken, _: taken < model.steps_per_execution, body, start, parallel_iterations=1
        )
        return logs

    if model.run_eagerly:
        return loop
    return tf.function(loop, reduce_retracing=True, autograph=False)


def _means(logs: Any) -> Any:
    """What a replica's step returned, its floats being means over all replicas.

    A metric read within a step is the replica's own. Were it logged so, a callback such as
    TerminateOnNaN would stop one worker while the others wait for its gradients.
    """
    leaves = keras.tree.flatten(logs)
    floats = [
        place for place, leaf in enumerate(leaves) if tf.is_tensor(leaf) and leaf.dtype.is_floating
    ]
    if not floats:
        return logs
    # One message for all of them: a step took 10 ms instead of 14 with four metrics.
    flat = [tf.reshape(tf.cast(leaves[place], tf.float32), [-1]) for place in floats]
    means = tf.distribute.get_replica_context().all_reduce("MEAN", tf.concat(flat, axis=0))
    parts = tf.split(means, [tf.size(part) for part in flat])
    for place, part in zip(floats, parts, strict=True):
        leaf = leaves[place]
        leaves[place] = tf.cast(tf.reshape(part, tf.shape(leaf)), leaf.dtype)
    return keras.tree.pack_sequence_as(logs, leaves)
