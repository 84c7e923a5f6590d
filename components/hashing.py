"""Numbers that look random and follow from what a row holds."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa


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
