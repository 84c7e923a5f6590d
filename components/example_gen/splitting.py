"""Which split each row goes to."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.config import (
    ColumnSplit,
    GroupSplit,
    HashSplit,
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
            return _by_group(batch.column(split.column), split)
        case _:
            return _by_row(batch, columns, split)


def fraction(key: bytes, seed: int) -> float:
    """A number in [0, 1) that looks random and is the same on every machine (BLAKE2b)."""
    digest = hashlib.blake2b(key, digest_size=8, salt=seed.to_bytes(8, "big")).digest()
    return int.from_bytes(digest, "big") / 2**64


def _by_row(batch: pa.RecordBatch, columns: Sequence[str], split: HashSplit) -> np.ndarray:
    # Not the serialized tf.Example: the order of its features differs from process to process.
    texts = [batch.column(name).cast(pa.string()) for name in columns]
    rows = pc.binary_join_element_wise(
        *texts, "\x1f", null_handling="replace", null_replacement="\x00"
    )
    fractions = [fraction(row.encode(), split.seed) for row in rows.to_pylist()]
    return _by_share(np.array(fractions), split)


def _by_share(fractions: np.ndarray, split: ShareSplit) -> np.ndarray:
    # Rounded, for 0.7 + 0.2 + 0.1 is a little less than 1, and every row should have a place.
    ends = np.round(np.cumsum(list(splits_of(split).values())), 9)
    places = np.searchsorted(ends, fractions, side="right")
    return np.where(places < len(ends), places, NO_SPLIT)


def _by_group(column: pa.Array, split: ShareSplit) -> np.ndarray:
    """A missing value is a group of its own."""
    groups = column.cast(pa.string()).fill_null("").dictionary_encode()
    of_group = [fraction(group.encode(), split.seed) for group in groups.dictionary.to_pylist()]
    return _by_share(np.array(of_group)[groups.indices.to_numpy()], split)


def _by_time(column: pa.Array, split: TimeSplit) -> np.ndarray:
    moments = column.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    places = np.full(len(moments), NO_SPLIT)
    for place, text in enumerate(splits_of(split).values()):
        first, last = (np.datetime64(moment, "us") for moment in interval(text))
        places[(moments >= first) & (moments <= last)] = place
    return places
