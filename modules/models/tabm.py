"""An ensemble in one network, over numbers by their quantiles and embedded categories.

Gorishniy, Kotelnikov and Babenko (2025), TabM, arXiv:2410.24210, with the piecewise-linear
embeddings of numbers that it does best with.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from modules.columns import Column, Head
from modules.models import heads
from modules.models.ensemble import Ensemble, MemberHeads, SharedDense
from modules.models.inputs import Embedding, embedding_size, inputs, penalty, side_by_side
from modules.models.piecewise import PiecewiseLinear
from modules.spec.model import TabM


def build_model(columns: Sequence[Column], head: Head, settings: TabM) -> keras.Model:
    """Uncompiled ensemble: a dict of `(batch, width)` by column name -> the head's prediction.

    In training `(batch, members, width)`, every member's prediction: see `Ensemble`.
    """
    tensors = inputs(columns)
    regularizer = penalty(settings.l1, settings.l2)
    features = side_by_side(_encoded(tensors, columns, settings), "features")
    x = keras.layers.Reshape((1, features.shape[-1]), name="members")(features)
    for index, units in enumerate(settings.hidden):
        x = SharedDense(settings.members, units, f"hidden_{index}", index == 0, regularizer)(x)
        x = keras.layers.Activation("relu", name=f"relu_{index}")(x)
        x = keras.layers.Dropout(settings.dropout, name=f"dropout_{index}")(x)
    logits = MemberHeads(settings.members, heads.width(head), "logits", regularizer)(x)
    return Ensemble(tensors, heads.predict(logits, head), name="tabm")


def _encoded(tensors: Mapping[str, Any], columns: Sequence[Column], settings: TabM) -> list[Any]:
    """`(batch, any)` each: numbers with boundaries together, every other column by itself."""
    binned = [column for column in columns if column.width == 2 and len(column.boundaries) > 1]
    parts = []
    if binned:
        embed = PiecewiseLinear(
            binned, settings.number_size, penalty(settings.l1, settings.l2), "numbers"
        )
        parts.append(embed([tensors[column.name] for column in binned]))
    for column in columns:
        if column.cardinality is not None:
            size = settings.embedding_size or embedding_size(column.cardinality)
            parts.append(Embedding(column, size)(tensors[column.name]))
        elif column not in binned:
            parts.append(tensors[column.name])
    return parts
