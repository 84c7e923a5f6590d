"""Which split each row goes to."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
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


def fractions(columns: Iterable[pa.Array], seed: int) -> np.ndarray:
    """A number in [0, 1) a row that looks random and is the same on every machine; float64.

    It is the hash of pandas, column by column over whole arrays: SipHash of texts, a mix of the
    bits of numbers.
    """
    frame = dict(enumerate(map(_hashable, columns), 1))
    rows = len(frame[1])
    hashes = pd.util.hash_pandas_object(
        pd.DataFrame({0: np.full(rows, seed), **frame}), index=False
    ).to_numpy()
    return (pd.util.hash_array(hashes) >> 11) / 2**53  # mixed once more; float64 holds 53 bits


def _hashable(column: pa.Array) -> np.ndarray | pd.Categorical:
    """Numbers as float64, NaN where missing; texts as categories, so that each is hashed once."""
    if pa.types.is_floating(column.type):
        return column.cast(pa.float64()).to_numpy(zero_copy_only=False) + 0.0  # -0.0 is 0.0
    texts = column.dictionary_encode()
    return pd.Categorical.from_codes(
        texts.indices.fill_null(-1).to_numpy(zero_copy_only=False),
        texts.dictionary.to_numpy(zero_copy_only=False),
    )


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
