"""Output layers: every family ends in one, so that predictions look alike."""

from typing import Any

import keras

from modules.columns import Head


def predict(features: Any, head: Head) -> Any:
    """The prediction from the last hidden features.

    Args:
        features: `(batch, width)`.

    Returns:
        float32 whatever the precision of the features. binary: `(batch, 1)` probability of the
        second class; multiclass: `(batch, classes)` probabilities; regression: `(batch, 1)` in
        the label's unit.
    """
    match head.task:
        case "binary":
            layer = keras.layers.Dense(1, activation="sigmoid", dtype="float32", name="probability")
            return layer(features)
        case "multiclass":
            return keras.layers.Dense(
                head.classes, activation="softmax", dtype="float32", name="probabilities"
            )(features)
        case _:
            scaled = keras.layers.Dense(1, dtype="float32", name="scaled")(features)
            # The network learns a number around 0; users see the label's own unit.
            return keras.layers.Rescaling(
                head.std, offset=head.mean, dtype="float32", name="prediction"
            )(scaled)
