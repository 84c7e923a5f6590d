"""Output layers: every family ends in them, so that predictions look alike."""

from typing import Any

import keras

from modules.columns import Head


def width(head: Head) -> int:
    """How many numbers a prediction is."""
    return max(1, head.classes if head.task == "multiclass" else len(head.quantiles))


def logits(features: Any, head: Head, regularizer: Any = None, name: str = "logits") -> Any:
    """float32 `(batch, width)` from `(batch, any)`: what `predict` makes a prediction of."""
    return keras.layers.Dense(
        width(head), kernel_regularizer=regularizer, dtype="float32", name=name
    )(features)


def predict(logits: Any, head: Head) -> Any:
    """The prediction from the last numbers of a network.

    Args:
        logits: float32 `(..., width)`.

    Returns:
        float32 of the same shape. binary: probability of the second class; multiclass: a
        probability a class; regression: a number in the label's unit; quantile: a number a
        quantile, none below the one before.
    """
    if head.task == "quantile" and width(head) > 1:
        logits = _rising(logits)
    match head.task:
        case "binary":
            layer = keras.layers.Activation("sigmoid", dtype="float32", name="probability")
        case "multiclass":
            layer = keras.layers.Activation("softmax", dtype="float32", name="probabilities")
        case _:
            # The network learns a number around 0; users see the label's own unit.
            layer = keras.layers.Rescaling(
                head.std, offset=head.mean, dtype="float32", name="prediction"
            )
    return layer(logits)


def _rising(logits: Any) -> Any:
    """The first number, and each of the others as a step up: quantiles that never cross."""
    first, steps = logits[..., :1], keras.ops.softplus(logits[..., 1:])
    return keras.ops.concatenate([first, first + keras.ops.cumsum(steps, axis=-1)], axis=-1)
