"""A multi-layer network over numbers and embedded categories."""

from collections.abc import Sequence
from typing import Any

import keras

from modules.columns import Column, Head
from modules.models.heads import predict
from modules.spec.model import Tabular


def build_model(columns: Sequence[Column], head: Head, settings: Tabular) -> keras.Model:
    """Uncompiled model: a dict of `(batch, width)` by column name -> the head's prediction."""
    inputs: dict[str, Any] = {}
    parts = []
    for index, column in enumerate(columns):
        # Keras forbids "/" in the name of a layer, and data does not know that. The tensor takes
        # any name, and Keras warns of one that differs from its key.
        tensor = keras.Input((column.width,), dtype=column.dtype, name=f"input_{index}")
        tensor.name = column.name
        inputs[column.name] = tensor
        if column.cardinality is None:
            parts.append(tensor)
        else:
            size = settings.embedding_size or embedding_size(column.cardinality)
            parts.append(_embed(tensor, column.cardinality, size))
    x = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    for units in settings.hidden:
        x = keras.layers.Dense(units, activation="relu")(x)
        x = keras.layers.Dropout(settings.dropout)(x)
    return keras.Model(inputs, predict(x, head))


def embedding_size(cardinality: int) -> int:
    """Numbers a category is given: half as many as there are ids, 8 at most.

    A choice of ours, kept small so that rare categories are not learned by heart;
    `model.embedding_size` in the spec takes its place.
    """
    return min(8, (cardinality + 1) // 2)


def _embed(ids: Any, cardinality: int, size: int) -> Any:
    """One vector a row: that of its id, or the mean over its ids without the padding."""
    if ids.shape[1] == 1:
        return keras.layers.Flatten()(keras.layers.Embedding(cardinality, size)(ids))
    vectors = keras.layers.Embedding(cardinality, size)(ids)
    known = keras.ops.cast(keras.ops.not_equal(ids, 0), vectors.dtype)[..., None]
    # Keras' own masked average is 0 / 0 for a row without words.
    count = keras.ops.maximum(keras.ops.sum(known, axis=1), 1)
    return keras.ops.sum(vectors * known, axis=1) / count
