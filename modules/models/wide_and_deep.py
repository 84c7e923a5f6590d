"""A linear model that learns by heart beside a network that generalizes.

Cheng et al. (2016), Wide & Deep Learning for Recommender Systems, arXiv:1606.07792. The two are
trained together here, by one optimizer.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from modules.columns import Column, Head
from modules.errors import SpecError, did_you_mean
from modules.models import heads, mlp
from modules.models.inputs import Embedding, inputs, layer_name, penalty, side_by_side
from modules.preprocessing import transformed
from modules.spec.model import WideAndDeep

_STEP = 1_000_003  # a prime; times 10 million buckets it is far below 2 ** 63


def build_model(columns: Sequence[Column], head: Head, settings: WideAndDeep) -> keras.Model:
    """Uncompiled model: a dict of `(batch, width)` by column name -> the head's prediction.

    Raises:
        SpecError: if a cross names what is no column of one id a row.
    """
    crossed = [_crossed(names, columns) for names in settings.crosses]
    tensors = inputs(columns)
    deep = heads.logits(
        mlp.network(tensors, columns, settings), head, penalty(settings.l1, settings.l2), "deep"
    )
    wide = _wide(tensors, columns, crossed, heads.width(head), settings)
    output = keras.layers.Add(dtype="float32", name="logits")([deep, *wide])
    return keras.Model(tensors, heads.predict(output, head), name="wide_and_deep")


def _wide(
    tensors: Mapping[str, Any],
    columns: Sequence[Column],
    crossed: Sequence[Sequence[Column]],
    width: int,
    settings: WideAndDeep,
) -> list[Any]:
    """Terms `(batch, width)`: linear in every number, a weight for each id and for each cross."""
    regularizer = penalty(settings.l1, settings.l2)
    weights: dict[str, Any] = {
        "embeddings_initializer": "zeros",
        "embeddings_regularizer": regularizer,
        "dtype": "float32",
    }
    terms = [
        Embedding(column, width, "wide", **weights)(tensors[column.name])
        for column in columns
        if column.cardinality is not None
    ]
    for of in crossed:
        cross = Cross([column.cardinality or 0 for column in of], settings.cross_buckets, of)
        ids = cross([tensors[column.name] for column in of])
        table = Column(cross.of, 1, "int64", cross.buckets)
        terms.append(Embedding(table, width, "crossed", **weights)(ids))
    numbers = [tensors[column.name] for column in columns if column.cardinality is None]
    if numbers:
        linear = keras.layers.Dense(
            width, use_bias=False, kernel_regularizer=regularizer, dtype="float32", name="wide"
        )
        terms.append(linear(side_by_side(numbers, "numbers")))
    return terms


class Cross(keras.layers.Layer):
    """Ids of several columns as one: int64 `(batch, 1)` each -> int64 `(batch, 1)`.

    A pair has a place of its own if all pairs fit into the buckets; else pairs share them.

    Attributes:
        of: the names of the columns, joined.
        buckets: the ids lie in [0, buckets).
    """

    def __init__(
        self, cardinalities: Sequence[int], most_buckets: int, columns: Sequence[Column]
    ) -> None:
        self.of = "__".join(column.name for column in columns)
        super().__init__(name=layer_name("cross", self.of), dtype="int64")
        pairs = math.prod(cardinalities)
        self.buckets = min(pairs, most_buckets)
        self._steps = cardinalities if pairs <= most_buckets else [_STEP] * len(cardinalities)

    def call(self, ids: Sequence[Any]) -> Any:
        """Mixed-radix where every pair has its place; the same by a prime, wrapped, where not."""
        key = keras.ops.zeros_like(ids[0])
        for step, column in zip(self._steps, ids, strict=True):
            key = (key * step + column) % self.buckets
        return key

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of one column."""
        return input_shape[0]


def _crossed(names: Sequence[str], columns: Sequence[Column]) -> list[Column]:
    """The columns of one cross."""
    by_name = {column.name: column for column in columns}
    able = [each.name for each in columns if each.cardinality is not None and each.width == 1]
    problems = []
    for name in names:
        column = by_name.get(transformed(name))
        raw = [each.removesuffix(transformed("")) for each in able]
        if column is None:
            problems.append(
                f"model.crosses: {name!r} is no feature, expected one of {', '.join(raw) or 'none'}"
                f"{did_you_mean(name, raw)}"
            )
        elif column.name not in able:
            problems.append(
                f"model.crosses: {name!r} holds {_what(column)}, expected a category: one of "
                f"{', '.join(raw) or 'none'}"
            )
    if problems:
        raise SpecError(problems)
    return [by_name[transformed(name)] for name in names]


def _what(column: Column) -> str:
    return "numbers" if column.cardinality is None else f"{column.width} ids a row"
