"""Which split each row goes to."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.config import (
    ColumnSplit,
    GroupSplit,
    ShareSplit,
    Split,
    TimeSplit,
    interval,
    splits_of,
)
from components.hashing import fractions

NO_SPLIT = -1


def assign(batch: pa.RecordBatch, columns: Sequence[str], split: Split) -> np.ndarray:
    """The place of each row's split among `splits_of(split)`, or NO_SPLIT; int64 `(rows,)`.

    Args:
        batch: typed rows, with the column that the split names.
        columns: those that make up a row, when a split is by a hash of the whole row.
    """
    match split:
        case TimeSplit():
            return _by_time(batch.column(split.column), split)
        case ColumnSplit():
            places = pc.index_in(batch.column(split.column), pa.array(splits_of(split).values()))
            return pc.fill_null(places, NO_SPLIT).to_numpy(zero_copy_only=False).astype(np.int64)
        case GroupSplit():
            groups = batch.column(split.column).cast(pa.string())  # missing is a group of its own
            return _by_share(fractions([groups], split.seed), split)
        case _:
            # Not by the tf.Example: the order of its features differs from process to process.
            rows = [batch.column(name) for name in columns]
            return _by_share(fractions(rows, split.seed), split)


def _by_share(fractions: np.ndarray, split: ShareSplit) -> np.ndarray:
    # Rounded, for 0.7 + 0.2 + 0.1 is a little less than 1, and every row should have a place.
    ends = np.round(np.cumsum(list(splits_of(split).values())), 9)
    places = np.searchsorted(ends, fractions, side="right")
    return np.where(places < len(ends), places, NO_SPLIT)


def _by_time(column: pa.Array, split: TimeSplit) -> np.ndarray:
    moments = column.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    places = np.full(len(moments), NO_SPLIT)
    for place, text in enumerate(splits_of(split).values()):
        first, last = (np.datetime64(moment, "us") for moment in interval(text))
        places[(moments >= first) & (moments <= last)] = place
    return places
