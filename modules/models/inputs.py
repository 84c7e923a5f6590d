"""What every family takes, a tensor a column, and what becomes of ids."""

import re
from collections.abc import Sequence
from typing import Any

import keras

from modules.columns import Column


def inputs(columns: Sequence[Column]) -> dict[str, Any]:
    """A symbolic `(batch, width)` by column name: the input of every family's model."""
    tensors = {}
    for column in columns:
        name = layer_name("input", column.name)
        tensor = keras.Input((column.width,), dtype=column.dtype, name=name)
        # The tensor takes any name, and Keras warns of one that differs from its key.
        tensor.name = column.name
        tensors[column.name] = tensor
    return tensors


def layer_name(part: str, column: str) -> str:
    """The name of a column's layer: the same in every model, whatever its other columns.

    Keras takes no "/" in it, and TensorFlow ASCII only.
    """
    safe = re.sub(r"[^A-Za-z0-9_]", lambda match: f"-{ord(match[0]):x}-", column)
    return f"{part}_{safe}"


def embedding_size(cardinality: int) -> int:
    """Numbers a category is given: half as many as there are ids, 8 at most.

    A choice of ours, kept small so that rare categories are not learned by heart;
    `model.embedding_size` in the spec takes its place.
    """
    return min(8, (cardinality + 1) // 2)


class Embedding(keras.layers.Embedding):
    """A vector for each id of one column: `(batch, width)` ids -> `(batch, size)`.

    With several ids a row, the mean over them without the padding, 0 if there are none.

    Attributes:
        column: the name of the column whose ids are looked up; in every family alike, so a
            trained vector is found by its column and id.
    """

    def __init__(self, column: Column, size: int, part: str = "embedding", **kwargs: Any) -> None:
        super().__init__(column.cardinality, size, name=layer_name(part, column.name), **kwargs)
        self.column = column.name

    def call(self, ids: Any) -> Any:
        """`(batch, size)` for int64 `(batch, width)`."""
        vectors = super().call(ids)
        if ids.shape[1] == 1:
            return keras.ops.squeeze(vectors, axis=1)
        known = keras.ops.cast(keras.ops.not_equal(ids, 0), vectors.dtype)[..., None]
        # Keras' own masked average is 0 / 0 for a row without words.
        count = keras.ops.maximum(keras.ops.sum(known, axis=1), 1)
        return keras.ops.sum(vectors * known, axis=1) / count

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, int]:
        """`(batch, size)`."""
        return (input_shape[0], self.output_dim)


def side_by_side(parts: Sequence[Any], name: str) -> Any:
    """The parts as one tensor `(batch, width)`."""
    return keras.layers.Concatenate(name=name)(parts) if len(parts) > 1 else parts[0]


def penalty(l1: float, l2: float) -> Any:
    """The regularizer of weights, or None without one."""
    return keras.regularizers.L1L2(l1, l2) if l1 or l2 else None
