"""Networks that share their weights: layers for all members at once, and the model of them.

Gorishniy, Kotelnikov and Babenko (2025), TabM: Advancing Tabular Deep Learning with
Parameter-Efficient Ensembling, arXiv:2410.24210; the layers are those of Wen, Tran and Ba (2020),
BatchEnsemble, arXiv:2002.06715.
"""

import math
from typing import Any

import keras


class SharedDense(keras.layers.Layer):
    """A layer of every member: `(batch, members or 1, width)` -> `(batch, members, units)`.

    Member i makes `s_i * ((r_i * x) W) + b_i`: the kernel W is shared, the adapters r and s and
    the bias are its own.
    """

    def __init__(
        self, members: int, units: int, name: str, first: bool = False, regularizer: Any = None
    ) -> None:
        super().__init__(name=name)
        self._members, self._units = members, units
        self._first = first
        self._regularizer = regularizer

    def build(self, input_shape: Any) -> None:
        """The kernel and the adapters; the first layer's tell the members apart from the start."""
        width = input_shape[-1]
        self._kernel = self.add_weight(
            name="kernel",
            shape=(width, self._units),
            initializer="glorot_uniform",
            regularizer=self._regularizer,
        )
        start = random_signs if self._first else "ones"
        own = {"r": (width, start), "s": (self._units, "ones"), "bias": (self._units, "zeros")}
        self._r, self._s, self._bias = (
            self.add_weight(name=name, shape=(self._members, size), initializer=initializer)
            for name, (size, initializer) in own.items()
        )

    def call(self, x: Any) -> Any:
        """`(batch, members, units)`."""
        # One product of two matrices: much faster on a processor than one a member.
        rows = keras.ops.reshape(x * self._r, (-1, x.shape[-1]))
        product = keras.ops.matmul(rows, self._kernel)
        shape = (-1, self._members, self._units)
        return self._s * keras.ops.reshape(product, shape) + self._bias

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, int, int]:
        """`(batch, members, units)`."""
        return (input_shape[0], self._members, self._units)


class MemberHeads(keras.layers.Layer):
    """A last layer a member: `(batch, members, width)` -> `(batch, members, units)`.

    Nothing is shared. float32 whatever the precision of its input.
    """

    def __init__(self, members: int, units: int, name: str, regularizer: Any = None) -> None:
        super().__init__(name=name, dtype="float32")
        self._members, self._units = members, units
        self._regularizer = regularizer

    def build(self, input_shape: Any) -> None:
        """A kernel and a bias a member."""
        width = input_shape[-1]
        limit = 1 / math.sqrt(width)  # as a member's own layer: the fans are those of one member
        self._kernel = self.add_weight(
            name="kernel",
            shape=(self._members, width, self._units),
            initializer=keras.initializers.RandomUniform(-limit, limit),
            regularizer=self._regularizer,
        )
        self._bias = self.add_weight(
            name="bias", shape=(self._members, self._units), initializer="zeros"
        )

    def call(self, x: Any) -> Any:
        """float32 `(batch, members, units)`."""
        return keras.ops.einsum("bmw,mwu->bmu", x, self._kernel) + self._bias

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, int, int]:
        """`(batch, members, units)`."""
        return (input_shape[0], self._members, self._units)


def random_signs(shape: tuple[int, ...], dtype: Any = None) -> Any:
    """-1 or 1, as likely as the other."""
    uniform = keras.initializers.RandomUniform(-1.0, 1.0)(shape, dtype)
    return keras.ops.where(uniform < 0, -keras.ops.ones_like(uniform), 1.0)


class Ensemble(keras.Model):
    """A model of `(batch, members, width)` predictions that answers with their mean.

    In training it gives every member's prediction, and the loss is the mean of the members'
    losses: each learns by itself. Else it gives the mean `(batch, width)`, of probabilities or of
    numbers in the label's unit. Keras' `fit`, `evaluate` and `predict` work as ever, and so does
    any loss, metric and sample weight.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """`(batch, members, width)` in training, else (None too) the mean `(batch, width)`."""
        predictions = super().call(inputs, training=training, mask=mask)
        return predictions if training else keras.ops.mean(predictions, axis=1)

    def compute_output_spec(
        self, inputs: Any, training: bool | None = None, mask: Any = None
    ) -> Any:
        """What `call` gives, for symbolic inputs."""
        spec = super().compute_output_spec(inputs, training=training, mask=mask)
        if training:
            return spec
        return keras.KerasTensor((spec.shape[0], spec.shape[2]), spec.dtype)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss over all members' predictions, each with the row's label and weight."""
        if len(y_pred.shape) == 3:
            members = y_pred.shape[1]
            y_pred, y = as_rows(y_pred), repeated(y, members)
            sample_weight = repeated(sample_weight, members)
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The metrics of what the model answers, in training too."""
        if len(y_pred.shape) == 3:
            y_pred = keras.ops.mean(y_pred, axis=1)
        return super().compute_metrics(x, y, y_pred, sample_weight)


def as_rows(predictions: Any) -> Any:
    """`(batch * members, width)` from `(batch, members, width)`: each member's a row of its own."""
    width = predictions.shape[-1]
    rows = keras.ops.reshape(predictions, (-1, width))
    logits = getattr(predictions, "_keras_logits", None)
    if logits is not None:
        # As keras.activations.sigmoid and softmax do (3.15), for a crossentropy that does not
        # lose its gradient where a prediction is rounded to 0 or 1.
        rows._keras_logits = keras.ops.reshape(logits, (-1, width))
    return rows


def repeated(rows: Any, members: int) -> Any:
    """Each row once for every member, as `as_rows` has them; None stays None."""
    return None if rows is None else keras.ops.repeat(rows, members, axis=0)
