"""A multi-layer network over numbers and embedded categories."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from modules.columns import Column, Head
from modules.models.heads import logits, predict
from modules.models.inputs import Embedding, embedding_size, inputs, penalty, side_by_side
from modules.spec.model import Mlp, WideAndDeep


def build_model(columns: Sequence[Column], head: Head, settings: Mlp) -> keras.Model:
    """Uncompiled model: a dict of `(batch, width)` by column name -> the head's prediction."""
    tensors = inputs(columns)
    hidden = network(tensors, columns, settings)
    output = logits(hidden, head, penalty(settings.l1, settings.l2))
    return keras.Model(tensors, predict(output, head), name="mlp")


def network(
    tensors: Mapping[str, Any], columns: Sequence[Column], settings: Mlp | WideAndDeep
) -> Any:
    """The last hidden features `(batch, units)`: layers of ReLU over numbers and embeddings."""
    x = side_by_side([_encoded(tensors, column, settings) for column in columns], "features")
    for index, units in enumerate(settings.hidden):
        x = keras.layers.Dense(
            units,
            activation="relu",
            kernel_regularizer=penalty(settings.l1, settings.l2),
            name=f"hidden_{index}",
        )(x)
        x = keras.layers.Dropout(settings.dropout, name=f"dropout_{index}")(x)
    return x


def _encoded(tensors: Mapping[str, Any], column: Column, settings: Mlp | WideAndDeep) -> Any:
    if column.cardinality is None:
        return tensors[column.name]
    size = settings.embedding_size or embedding_size(column.cardinality)
    return Embedding(column, size)(tensors[column.name])
