"""The Keras losses that the spec names; those that Keras lacks, or lacks in a safe form.

A regression's errors are measured in standard deviations of the label: a gradient that is clipped,
float16 and `delta` then mean the same for dollars and for grams. Poisson and the squared
logarithmic error need the label itself.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from modules.columns import Head
from modules.errors import GateError
from modules.spec.losses import (
    Distillation,
    Loss,
    MeanSquaredLogarithmicError,
    Poisson,
    default_loss,
)

EPSILON = 1e-7  # as keras.backend.epsilon(): no probability is taken to be nearer to 0 or 1


def build_loss(loss: Loss | None, head: Head) -> keras.losses.Loss:
    """The loss of a prediction as `modules.models.heads.predict` gives it, computed in float32.

    Args:
        loss: None for that of the task. Of a distillation, the loss of the labels alone: what a
            model is judged by. `modules/training/distillation.py` has the rest.
        head: what is predicted, and the label's scale.

    Returns:
        Called with labels `(batch, 1)` and predictions, `(batch, 1)` or `(batch, classes)`, it
        gives the mean over the batch of the rows' losses, each times its weight if there are any.
    """
    if head.task == "quantile":
        return Standardized(Quantile(head.quantiles, dtype="float32"), head.mean, head.std)
    chosen = default_loss(head.task) if loss is None or isinstance(loss, Distillation) else loss
    settings = chosen.model_dump()
    if isinstance(chosen, Poisson):
        settings["floor"] = max(head.mean * 1e-3, EPSILON)
    built = _CLASSES[chosen.name](**settings, dtype="float32")
    if head.task != "regression" or isinstance(chosen, Poisson | MeanSquaredLogarithmicError):
        return built
    return Standardized(built, head.mean, head.std)


def check_labels(loss: Loss | None, labels: np.ndarray) -> None:
    """Nothing, if the loss is made for such labels.

    Raises:
        GateError: if one is below 0 and the loss is for 0 and more.
    """
    if isinstance(loss, Poisson | MeanSquaredLogarithmicError) and np.min(labels, initial=0) < 0:
        raise GateError(
            [
                f"training.loss: {loss.name!r} is for labels of 0 and more, the train split has "
                f"{np.min(labels):g}. Take 'mean_squared_error' or 'huber'"
            ]
        )


def pinball(y_true: Any, y_pred: Any, quantiles: float | Sequence[float]) -> Any:
    """What a predicted quantile costs (Koenker and Bassett, 1978), `(batch,)`, 0 or more.

    A label above the prediction costs the quantile for each unit, one below 1 less that. Of
    several quantiles, one a column of the prediction, the mean.
    """
    error = y_true - y_pred
    quantile = ops.cast(ops.convert_to_tensor(quantiles), error.dtype)
    return ops.mean(ops.maximum(quantile * error, (quantile - 1) * error), axis=-1)


def one_hot(y_true: Any, y_pred: Any) -> Any:
    """Class ids `(batch, 1)` or `(batch,)` as float32 `(batch, classes)`."""
    ids = ops.cast(ops.reshape(y_true, (-1,)), "int32")
    return ops.one_hot(ids, y_pred.shape[-1], dtype="float32")


@keras.saving.register_keras_serializable(package="headrace")
class SparseCategoricalCrossentropy(keras.losses.Loss):
    """Log loss of class ids, smoothed as Szegedy et al. (2016) do: Keras's own does not smooth."""

    def __init__(self, label_smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Of ids `(batch, 1)` and probabilities `(batch, classes)`, `(batch,)`, 0 or more."""
        even = self.label_smoothing / y_pred.shape[-1]
        expected = one_hot(y_true, y_pred) * (1 - self.label_smoothing) + even
        # Keras finds the logits behind a softmax, so that no gradient vanishes at 0 and 1.
        return ops.categorical_crossentropy(expected, y_pred)

    def get_config(self) -> dict[str, Any]:
        """As Keras writes it to a file."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable(package="headrace")
class Focal(keras.losses.Loss):
    """`alpha * (1 - p)^gamma * -log p`, p being that of the right class (Lin et al., 2017, eq. 5).

    Args:
        gamma: 0 or more; 0 is the log loss.
        alpha: of two classes the weight of the second, 1 - alpha being that of the first; or a
            weight a class. None: 1 for each.
    """

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float | Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.gamma = gamma
        self.alpha = alpha

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Of ids `(batch, 1)` and probabilities as the task has them, `(batch,)`, 0 or more."""
        if y_pred.shape[-1] == 1:
            y_true = ops.reshape(y_true, (-1, 1))
            log_loss = ops.squeeze(ops.binary_crossentropy(y_true, y_pred), -1)
            expected = ops.concatenate([1 - y_true, y_true], -1)
            probabilities = ops.concatenate([1 - y_pred, y_pred], -1)
        else:
            expected, probabilities = one_hot(y_true, y_pred), y_pred
            log_loss = ops.categorical_crossentropy(expected, y_pred)
        wrong = 1 - ops.sum(expected * probabilities, -1)
        # x^gamma has an infinite slope at 0 for a gamma below 1.
        loss = ops.power(ops.clip(wrong, EPSILON, 1.0), self.gamma) * log_loss
        return loss if self.alpha is None else loss * ops.sum(expected * self._weights(), -1)

    def _weights(self) -> Any:
        alpha = self.alpha
        weights = [1 - alpha, alpha] if isinstance(alpha, int | float) else alpha
        return ops.convert_to_tensor(weights, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """As Keras writes it to a file."""
        return {**super().get_config(), "gamma": self.gamma, "alpha": self.alpha}


@keras.saving.register_keras_serializable(package="headrace")
class Huber(keras.losses.Huber):
    """Keras's own, which forgets its `delta` when it is written to a file (3.15)."""

    def __init__(self, delta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(delta, **kwargs)
        self.delta = delta

    def get_config(self) -> dict[str, Any]:
        """As Keras writes it to a file."""
        return {**super().get_config(), "delta": self.delta}


@keras.saving.register_keras_serializable(package="headrace")
class Quantile(keras.losses.Loss):
    """Pinball loss: least where the prediction is the quantile of the label."""

    def __init__(self, quantile: float | Sequence[float] = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.quantile = quantile

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Of labels `(batch, 1)` and predictions `(batch, quantiles)`, `(batch,)`, 0 or more."""
        return pinball(y_true, y_pred, self.quantile)

    def get_config(self) -> dict[str, Any]:
        """As Keras writes it to a file."""
        return {**super().get_config(), "quantile": self.quantile}


@keras.saving.register_keras_serializable(package="headrace")
class MeanSquaredLogarithmic(keras.losses.Loss):
    """`(log(1 + label) - log(1 + prediction))^2`, a straight line taking the log's place below 0.

    Keras's own has no gradient there: a prediction that falls below 0 would never come back.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Of labels of 0 and more and predictions `(batch, 1)`, `(batch,)`, 0 or more."""
        logarithm = ops.log1p(ops.maximum(y_pred, 0.0)) + ops.minimum(y_pred, 0.0)
        return ops.mean(ops.square(ops.log1p(ops.maximum(y_true, 0.0)) - logarithm), axis=-1)


@keras.saving.register_keras_serializable(package="headrace")
class PoissonLikelihood(keras.losses.Loss):
    """`rate - label * log(rate)`: a count's negative log-likelihood, less what is fixed.

    The rate is the prediction. Below `floor` it is `floor * exp(prediction / floor - 1)`, which
    goes on as smoothly, towards 0: Keras's own is not a number for a prediction below 0.

    Args:
        floor: above 0, in the label's unit.
    """

    def __init__(self, floor: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.floor = floor

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Of labels of 0 and more and predictions `(batch, 1)`, `(batch,)`."""
        above = ops.maximum(y_pred, self.floor)
        below = ops.minimum(y_pred, self.floor) / self.floor - 1  # 0 above the floor
        log_rate = ops.log(above) + below
        rate = above - self.floor + self.floor * ops.exp(below)
        return ops.mean(rate - y_true * log_rate, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """As Keras writes it to a file."""
        return {**super().get_config(), "floor": self.floor}


@keras.saving.register_keras_serializable(package="headrace")
class Standardized(keras.losses.Loss):
    """Another loss, of labels and predictions in standard deviations from the label's mean."""

    def __init__(self, loss: Any, mean: float, std: float, **kwargs: Any) -> None:
        loss = keras.losses.deserialize(loss) if isinstance(loss, dict) else loss
        super().__init__(**{"name": loss.name, "dtype": "float32"} | kwargs)
        self.loss, self.mean, self.std = loss, mean, std

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Of labels and predictions `(batch, 1)` in the label's unit, `(batch,)`."""
        return self.loss.call((y_true - self.mean) / self.std, (y_pred - self.mean) / self.std)

    def get_config(self) -> dict[str, Any]:
        """As Keras writes it to a file."""
        loss = keras.losses.serialize(self.loss)
        return {**super().get_config(), "loss": loss, "mean": self.mean, "std": self.std}


_CLASSES = {
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "focal": Focal,
    "quantile": Quantile,
    "mean_squared_error": keras.losses.MeanSquaredError,
    "mean_absolute_error": keras.losses.MeanAbsoluteError,
    "huber": Huber,
    "log_cosh": keras.losses.LogCosh,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmic,
    "poisson": PoissonLikelihood,
}
