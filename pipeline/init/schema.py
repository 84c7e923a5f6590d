"""A draft as `schema.pbtxt`: what TFDV is to expect of every column that becomes an example."""

import math
from typing import Any

import numpy as np
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from modules.spec.features import RawType
from pipeline.init.column import Column
from pipeline.init.draft import Draft

_MOST_VALUES = 100  # of a category, to list them
_UNSEEN = 0.01  # share of the rows that may hold other values
_UNSEEN_ROWS = 3  # of the smallest split, where that is more
_LOSS = 0.9  # of the share with a value, below which something is wrong
_DEVIATIONS = 5  # standard deviations of a split's share, which chance does not pass
_BOUND_ROWS = 1_000  # for "never negative" to mean something
_BOUND = 0.02  # 1 % of the values lie below this share of the 99th percentile: they start at 0

_HEADER = """\
# What each column holds, written by `headrace init`; a run stops where the data does not agree.
# presence: share of rows with a value, at least. min_domain_mass: share of known values, at least.
"""


def schema_text(draft: Draft, columns: dict[str, RawType]) -> str:
    """The text of the schema.

    Args:
        columns: of the spec that the draft becomes, label included.
    """
    schema = schema_pb2.Schema(
        feature=[_feature(draft, draft.columns[name], kind) for name, kind in columns.items()]
    )
    return _HEADER + text_format.MessageToString(schema, as_utf8=True)


def _feature(draft: Draft, column: Column, kind: RawType) -> Any:
    # No shape: a value may be missing in a request, so the columns stay sparse.
    feature = schema_pb2.Feature(
        name=column.name,
        type=schema_pb2.FLOAT if kind == "number" else schema_pb2.BYTES,
        value_count=schema_pb2.ValueCount(min=1, max=1),
    )
    fraction = _least_presence(draft, column)
    if fraction is not None:
        feature.presence.min_fraction = fraction
        feature.presence.min_count = 1
    label = draft.label.label
    if column.name == label.column and label.classes:
        feature.string_domain.value.extend(label.classes)
        feature.distribution_constraints.min_domain_mass = 1
    elif kind == "text" and column.distinct <= _MOST_VALUES:
        feature.string_domain.value.extend(sorted(column.values.to_pylist()))
        feature.distribution_constraints.min_domain_mass = _least_known(draft)
    elif kind == "number" and _starts_at_zero(column):
        feature.float_domain.min = 0
    return feature


def _least_presence(draft: Draft, column: Column) -> float | None:
    """The least share of rows with a value; None if a split may be without any."""
    share = column.present / column.rows
    if share == 1:
        return 1.0
    if draft.split.places is not None:
        share = min(
            float((column.codes[draft.split.places == place] >= 0).mean())
            for place in range(len(draft.split.sizes))
        )
    noise = _DEVIATIONS * math.sqrt(share * (1 - share) / draft.split.smallest)
    if draft.split.smallest * share < _DEVIATIONS**2:
        return None
    return max(0.0, math.floor(100 * (_LOSS * share - noise)) / 100)


def _least_known(draft: Draft) -> float:
    """The least share of known values: a few new ones in the smallest split are no alarm."""
    unseen = max(_UNSEEN, _UNSEEN_ROWS / draft.split.smallest)
    return max(0.0, math.floor(100 * (1 - unseen)) / 100)


def _starts_at_zero(column: Column) -> bool:
    """Whether its values pile up at 0 and never pass it: a length, a count, an amount."""
    if column.present < _BOUND_ROWS or column.numbers.min() < 0:
        return False
    low, high = np.quantile(column.row_numbers[column.codes >= 0], (0.01, 0.99))
    return bool(low <= _BOUND * high and high > 0)
