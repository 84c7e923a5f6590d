"""The Keras metrics that the spec names.

Each takes labels `(batch, 1)`, int64 or float32, predictions `(batch, 1)` or `(batch, classes)` and
weights `(batch,)` or `(batch, 1)`, and adds up over replicas.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from modules.spec.label import Label
from modules.spec.metrics import Metric, called, watched
from modules.training.losses import one_hot, pinball


def build_metrics(settings: Sequence[Metric], label: Label) -> list[keras.metrics.Metric]:
    """The metrics of the label's task, replaced by or followed by those given."""
    if label.task == "quantile":
        return [_pinball(label.quantiles)]
    return [_BUILDERS[label.task][metric.name](metric) for metric in watched(settings, label.task)]


def _pinball(quantile: float | Sequence[float]) -> keras.metrics.Metric:
    return keras.metrics.MeanMetricWrapper(quantile_error, name="pinball", quantile=quantile)


@keras.saving.register_keras_serializable(package="headrace")
class F1(keras.metrics.F1Score):
    """Mean over the classes of their F1; a class that is never right counts as 0.

    Keras's own wants labels as vectors, and multiplies weights `(batch, 1)` wrongly (3.15).
    """

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts a batch."""
        y_pred = ops.convert_to_tensor(y_pred)
        one_class = y_pred.shape[-1] == 1
        y_true = ops.reshape(y_true, (-1, 1)) if one_class else one_hot(y_true, y_pred)
        if sample_weight is not None:
            sample_weight = ops.reshape(sample_weight, (-1,))
        super().update_state(y_true, y_pred, sample_weight)


@keras.saving.register_keras_serializable(package="headrace")
class R2(keras.metrics.Metric):
    """Share of the label's variance that is explained, at most 1; 0 if the label does not vary.

    Added up in float64: Keras's own is float32 whatever its dtype (3.15), which loses the variance
    of labels that are large beside their spread.
    """

    def __init__(self, name: str = "r2", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self._rows, self._sum, self._squares, self._residuals = (
            self.add_variable((), "zeros", dtype="float64", name=part)
            for part in ("rows", "sum", "squares", "residuals")
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch."""
        y_true, y_pred = (ops.cast(ops.reshape(y, (-1,)), "float64") for y in (y_true, y_pred))
        weights = ops.ones_like(y_true) if sample_weight is None else sample_weight
        weights = ops.cast(ops.reshape(weights, (-1,)), "float64")
        self._rows.assign_add(ops.sum(weights))
        self._sum.assign_add(ops.sum(weights * y_true))
        self._squares.assign_add(ops.sum(weights * ops.square(y_true)))
        self._residuals.assign_add(ops.sum(weights * ops.square(y_true - y_pred)))

    def result(self) -> Any:
        """A float32 scalar."""
        mean = ops.divide_no_nan(self._sum, self._rows)
        variance = ops.maximum(self._squares - self._sum * mean, 0.0)
        explained = ops.divide_no_nan(variance - self._residuals, variance)
        return ops.cast(explained, "float32")


@keras.saving.register_keras_serializable(package="headrace")
def brier(y_true: Any, y_pred: Any) -> Any:
    """Squared error of the probabilities, `(batch,)`.

    Of the second class for one probability, in [0, 1]; summed over the classes, as Brier (1950)
    has it, for several, in [0, 2].
    """
    y_pred = ops.convert_to_tensor(y_pred)
    if y_pred.shape[-1] == 1:
        y_true = ops.cast(ops.reshape(y_true, (-1, 1)), y_pred.dtype)
    else:
        y_true = one_hot(y_true, y_pred)
    return ops.sum(ops.square(y_pred - y_true), axis=-1)


@keras.saving.register_keras_serializable(package="headrace")
def quantile_error(y_true: Any, y_pred: Any, quantile: float | Sequence[float]) -> Any:
    """Pinball loss in the label's unit, `(batch,)`; of several quantiles, the mean."""
    y_pred = ops.convert_to_tensor(y_pred)
    return pinball(ops.cast(ops.reshape(y_true, (-1, 1)), y_pred.dtype), y_pred, quantile)


def _plain(metric: type) -> Callable[[Any], keras.metrics.Metric]:
    return lambda settings: metric(name=called(settings))


def _auc(settings: Any) -> keras.metrics.Metric:
    curve, points = settings.curve.upper(), settings.thresholds
    return keras.metrics.AUC(points, curve=curve, name=called(settings))


def _brier(settings: Any) -> keras.metrics.Metric:
    return keras.metrics.MeanMetricWrapper(brier, name=called(settings))


_BUILDERS: dict[str, dict[str, Callable[[Any], keras.metrics.Metric]]] = {
    "binary": {
        "auc": _auc,
        "accuracy": _plain(keras.metrics.BinaryAccuracy),
        "precision": lambda given: keras.metrics.Precision(given.threshold, name="precision"),
        "recall": lambda given: keras.metrics.Recall(given.threshold, name="recall"),
        "f1": lambda given: F1("macro", given.threshold, name="f1"),
        "log_loss": _plain(keras.metrics.BinaryCrossentropy),
        "brier": _brier,
    },
    "multiclass": {
        "accuracy": _plain(keras.metrics.SparseCategoricalAccuracy),
        "f1": lambda _: F1("macro", name="f1"),
        "log_loss": _plain(keras.metrics.SparseCategoricalCrossentropy),
        "brier": _brier,
        "top_k": lambda given: keras.metrics.SparseTopKCategoricalAccuracy(given.k, name="top_k"),
    },
    "regression": {
        "rmse": _plain(keras.metrics.RootMeanSquaredError),
        "mae": _plain(keras.metrics.MeanAbsoluteError),
        "mape": _plain(keras.metrics.MeanAbsolutePercentageError),
        "r2": _plain(R2),
        "pinball": lambda given: _pinball(given.quantile),
    },
}
