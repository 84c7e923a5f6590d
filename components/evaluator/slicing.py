"""Which slices the rows of a batch belong to."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

SliceKey = tuple[tuple[str, Any], ...]  # TFMA's: (column, value), by column; () for all rows


def group(
    columns: dict[str, pa.Array], names: Sequence[str], rows: int
) -> tuple[list[SliceKey], np.ndarray, np.ndarray]:
    """The rows by their values in some columns.

    A row without a value in one of them is in no slice of theirs, as in TFMA.

    Args:
        columns: a value or null a row.
        names: of the columns that are crossed, in alphabetical order; none: all rows are one slice.
        rows: how many rows the columns have.

    Returns:
        The keys of the slices, the rows that are in one of them, and for each of these the place
        of its slice among the keys.
    """
    places, known = np.zeros(rows, np.int64), np.ones(rows, bool)
    for name in names:
        encoded = columns[name].dictionary_encode()
        codes = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        known &= columns[name].is_valid().to_numpy(zero_copy_only=False)
        # Numbered anew at each column, as the product of all their sizes may pass 2^63.
        places = np.unique(places * (len(encoded.dictionary) + 1) + codes, return_inverse=True)[1]
    members = np.flatnonzero(known)
    _, first, places = np.unique(places[members], return_index=True, return_inverse=True)
    values = [columns[name].take(pa.array(members[first])).to_pylist() for name in names]
    keys = [tuple(zip(names, map(_text, row), strict=True)) for row in zip(*values, strict=True)]
    return keys if names else [()] * len(first), members, places


def ranges(column: pa.Array, bounds: Sequence[float]) -> pa.Array:
    """The range that each number is in, as text, null for a missing one.

    Args:
        column: numbers.
        bounds: where a range begins, in ascending order: `10, 20` makes `< 10`, `10 to < 20` and
            `>= 20`.
    """
    names = [f"< {bounds[0]:g}"]
    names += [f"{low:g} to < {high:g}" for low, high in itertools.pairwise(bounds)]
    names.append(f">= {bounds[-1]:g}")
    numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    places = np.searchsorted(np.asarray(bounds), numbers, side="right")
    return pa.array(names).take(pa.array(places, mask=np.isnan(numbers)))


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
