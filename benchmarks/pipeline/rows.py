"""The rows of TFX's taxi template, at any size."""

import pathlib

import numpy as np
import pandas as pd

SIZES = {"15k": 1, "150k": 10, "1.5M": 100, "10M": 667}  # copies of the template's data.csv
_ROWS = 15_002  # of it
_SEED = 0
# Jittered by up to 2 %, and rounded to so many decimals.
_AMOUNTS = {"fare": 2, "tips": 2, "trip_miles": 2, "trip_seconds": 0}
_DEGREES = ("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude")


def count(size: str) -> int:
    """The number of rows of a size."""
    return SIZES[size] * _ROWS


def write(template: pathlib.Path, copies: int, path: pathlib.Path) -> None:
    """Writes the template's rows as they are, then jittered copies, one at a time.

    The label that the template's Transform works out from fare and tips becomes a column,
    `big_tipper`, since a spec names a column.
    """
    original = pd.read_csv(template, dtype=str, keep_default_na=False)
    generator = np.random.default_rng(_SEED)
    with path.open("w", encoding="utf-8", newline="") as file:
        for copy in range(copies):
            rows = _jittered(original, generator) if copy else original
            rows.assign(big_tipper=_big_tipper(rows)).to_csv(file, header=not copy, index=False)


def _jittered(rows: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """The rows, no two alike: other amounts, places some 100 m away, moments of the same hour."""
    changed = {}
    for name, decimals in _AMOUNTS.items():
        factor = generator.uniform(0.98, 1.02, len(rows))
        changed[name] = (pd.to_numeric(rows[name]) * factor).round(decimals)
    for name in _DEGREES:
        shift = generator.normal(0, 1e-3, len(rows))
        changed[name] = (pd.to_numeric(rows[name]) + shift).round(9)
    quarter = generator.integers(0, 15 * 60, len(rows))
    changed["trip_start_timestamp"] = pd.to_numeric(rows["trip_start_timestamp"]) + quarter
    return rows.assign(**changed)


def _big_tipper(rows: pd.DataFrame) -> pd.Series:
    """1 where the tip is above a fifth of the fare, in float32 as in the template's Transform."""
    fare, tips = (pd.to_numeric(rows[name]).astype(np.float32) for name in ("fare", "tips"))
    return (tips > fare * np.float32(0.2)).astype(int)
