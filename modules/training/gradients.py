"""Gradients as one process would have them: summed over all replicas, then judged and clipped.

Keras 3.15 clips each replica's gradient before it sums them, so that N replicas clip otherwise
than one, and judges each replica's gradient alone whether it is finite, so that replicas decide
differently whether to take a step. docs/decisions/keras-multi-worker.md has the evidence.
"""

from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

_SMALL = 1_000_000  # numbers of an embedding whose gradient is sent whole: 4 MB

Gradient: TypeAlias = Any  # tf.Tensor or tf.IndexedSlices
Pairs = list[tuple[Gradient | None, tf.Variable]]


def prepared(optimizer_class: type, clip_norm: float | None) -> type:
    """The optimizer class, but of the whole batch's gradient, whatever the number of replicas.

    A step sums the gradients over the replicas, once; records the global norm of the sum, from
    which any loss scale has been taken out, as `gradient_norm`, a float32 scalar kept among the
    optimizer's `variables`; scales the sum down to the norm `clip_norm`, if that is given and
    smaller; and applies it. A norm that is not finite is recorded too, and with `clip_norm` makes
    every weight NaN, as in Keras.

    Args:
        optimizer_class: a subclass of keras.optimizers.Optimizer; its own `clipnorm`,
            `global_clipnorm` and `clipvalue` must not be used.
        clip_norm: above 0.

    Raises:
        ValueError: if `clip_norm` is not above 0, and on construction of an optimizer that is to
            clip by itself.
    """
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(f"clip_norm must be above 0, got {clip_norm}. Leave it out to not clip.")
    members = {"_clip_norm": clip_norm, "__module__": __name__, "__doc__": optimizer_class.__doc__}
    # Keras names variables after the class: they keep the names that they have without this.
    return type(optimizer_class.__name__, (_Prepared, optimizer_class), members)


class _Prepared:
    """What `prepared` puts in front of an optimizer class."""

    _clip_norm: float | None

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        for name in ("clipnorm", "global_clipnorm", "clipvalue"):
            if getattr(self, name) is not None:
                raise ValueError(
                    f"{name} clips each replica's gradient by itself, got {getattr(self, name)}. "
                    f"Give clip_norm to prepared() instead."
                )

    def build(self, variables: list[Any]) -> None:
        """Creates the optimizer's variables."""
        super().build(variables)  # type: ignore[misc]
        self._gradient_norm = self.add_variable(  # type: ignore[attr-defined]
            shape=(), dtype="float32", aggregation="only_first_replica", name="gradient_norm"
        )

    @property
    def gradient_norm(self) -> tf.Tensor:
        """Norm of the latest step's gradient, before clipping; 0 before the first step."""
        # float() of the variable itself fails under a strategy (Keras 3.15).
        return tf.convert_to_tensor(self._gradient_norm)

    def _all_reduce_sum_gradients(self, grads_and_vars: Pairs) -> Pairs:
        """The one place where Keras's TFOptimizer sums over replicas, after its own clipping."""
        pairs = [(_dense_if_small(gradient), variable) for gradient, variable in grads_and_vars]
        summed: Pairs = super()._all_reduce_sum_gradients(pairs)  # type: ignore[misc]
        norm = global_norm([gradient for gradient, _ in summed if gradient is not None])
        self._gradient_norm.assign(norm)
        if self._clip_norm is None:
            return summed
        # norm - norm is 0, or NaN where the norm is not finite.
        scale = self._clip_norm / tf.maximum(norm, self._clip_norm) + (norm - norm)
        return [(_scaled(gradient, scale), variable) for gradient, variable in summed]


class LossScale(keras.optimizers.LossScaleOptimizer):
    """Keras's dynamic loss scaling, with one decision for all replicas.

    If the gradient of any replica is not finite, all of them skip the step and halve the scale.
    """

    def check_finite(self, grads: list[Gradient | None]) -> tf.Tensor:
        """Whether every gradient of every replica is finite; a bool scalar."""
        mine = super().check_finite(grads)
        replica = tf.distribute.get_replica_context()
        if replica is None:
            return mine
        return replica.all_reduce("SUM", tf.cast(~mine, tf.float32)) == 0


def global_norm(gradients: list[Gradient]) -> tf.Tensor:
    """The norm of the gradients joined to one vector; a float32 scalar.

    A row that an IndexedSlices holds several times counts as the sum of its entries, as it is
    applied.
    """
    squares = [tf.reduce_sum(tf.square(tf.cast(_rows(one), tf.float32))) for one in gradients]
    return tf.sqrt(tf.add_n(squares))


def _dense_if_small(gradient: Gradient | None) -> Gradient | None:
    """The gradient of a small embedding as a matrix.

    Each IndexedSlices takes two messages of its own between replicas, all matrices take one
    together: with 6 embeddings 2 workers took 6.4 ms a step instead of 18.6 (benchmarks/training).
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    shape = tf.get_static_value(gradient.dense_shape)
    small = shape is not None and int(np.prod(shape)) <= _SMALL
    return tf.convert_to_tensor(gradient) if small else gradient


def _rows(gradient: Gradient) -> tf.Tensor:
    """The gradient's entries, those of the same row summed; the other rows being 0.

    No shape depends on how many rows differ, for XLA's sake.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    order = tf.argsort(gradient.indices)
    indices = tf.gather(gradient.indices, order)
    place = tf.cumsum(tf.cast(indices != tf.roll(indices, 1, axis=0), tf.int32))
    values = tf.gather(gradient.values, order)
    return tf.math.unsorted_segment_sum(values, place, tf.size(order) + 1)


def _scaled(gradient: Gradient | None, scale: tf.Tensor) -> Gradient | None:
    if gradient is None:
        return None
    if isinstance(gradient, tf.IndexedSlices):
        values = gradient.values * tf.cast(scale, gradient.values.dtype)
        return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return gradient * tf.cast(scale, gradient.dtype)
