"""One column of the data: each distinct value once, and which row has which."""

import dataclasses
import functools
import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modules.spec.features import RawType

_NUMBER = r"^\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:inf|infinity|nan))\s*$"
_LEADING_ZERO = r"^\s*[+-]?0\d+\s*$"  # a code, such as a postcode: 02134 is not 2134
_MOMENT = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}(:\d{2}(:\d{2}(\.\d{1,6})?)?)?)?$"


@dataclasses.dataclass(frozen=True, eq=False)
class Column:
    """A column as text, 4 bytes a row beside its distinct values."""

    name: str
    codes: np.ndarray  # int32 `(rows,)`: place of the row's value among the values, -1: missing
    values: pa.StringArray  # distinct

    @functools.cached_property
    def counts(self) -> np.ndarray:
        """int64 `(distinct,)`: rows with each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    @property
    def rows(self) -> int:
        """Rows, with a value or without."""
        return len(self.codes)

    @functools.cached_property
    def present(self) -> int:
        """Rows with a value."""
        return int((self.codes >= 0).sum())

    @property
    def distinct(self) -> int:
        """Different values."""
        return len(self.values)

    @functools.cached_property
    def pattern(self) -> bytes:
        """A digest of which rows have the same value, whatever the values."""
        return hashlib.blake2b(self.codes.tobytes(), digest_size=16).digest()

    @functools.cached_property
    def type(self) -> RawType:
        """What every value reads as, by the casts that ExampleGen uses."""
        if not self.distinct:
            return "text"
        if self._numbers is not None:
            return "number"
        return "text" if self._moments is None else "time"

    @functools.cached_property
    def numbers(self) -> np.ndarray:
        """float64 `(distinct,)`: the values of a number; of a time, whole seconds since 1970."""
        numbers = self._moments if self._numbers is None else self._numbers
        if numbers is None:
            raise TypeError(f"column {self.name!r} is text, it has no numbers")
        return numbers

    @functools.cached_property
    def row_numbers(self) -> np.ndarray:
        """float64 `(rows,)`: the number of each row, NaN where it has none."""
        return np.append(self.numbers, np.nan)[self.codes]

    @functools.cached_property
    def strays(self) -> list[str]:
        """The texts that keep a column from being numbers, if they are in 1 row of 20 at most."""
        if self.type != "text" or not self.distinct:
            return []
        numbers = pc.match_substring_regex(self.values, _NUMBER).to_numpy(zero_copy_only=False)
        few = self.counts[~numbers].sum() <= self.present / 20
        return self.values.filter(pa.array(~numbers)).to_pylist() if few else []

    @functools.cached_property
    def _numbers(self) -> np.ndarray | None:
        if not _all_match(self.values, _NUMBER) or _any_match(self.values, _LEADING_ZERO):
            return None
        return _cast(pc.utf8_trim_whitespace(self.values), pa.float64())

    @functools.cached_property
    def _moments(self) -> np.ndarray | None:
        if not _all_match(self.values, _MOMENT):
            return None
        moments = _cast(self.values, pa.timestamp("us"))
        return None if moments is None else np.floor(moments.astype(np.int64) / 1e6)

    @property
    def integers(self) -> bool:
        """Whether it is a number without decimals."""
        return self.type == "number" and bool((self.numbers == np.floor(self.numbers)).all())

    def without(self, values: Iterable[str]) -> "Column":
        """The column with these values missing."""
        dropped = pc.is_in(self.values, pa.array(list(values), pa.string()))
        return self.kept(~dropped.to_numpy(zero_copy_only=False))

    def of_rows(self, mask: np.ndarray) -> "Column":
        """The column of the rows where the bool mask is true."""
        chosen = Column(self.name, self.codes[mask], self.values)
        return chosen.kept(chosen.counts > 0)

    def kept(self, mask: np.ndarray) -> "Column":
        """The column with only the values where the bool mask is true, the others missing."""
        if mask.all():
            return self
        places = np.full(len(mask) + 1, -1, np.int32)  # the last is for -1
        places[:-1][mask] = np.arange(mask.sum(), dtype=np.int32)
        return Column(self.name, places[self.codes], self.values.filter(pa.array(mask)))

    def most_frequent(self, count: int) -> list[tuple[str, int]]:
        """The most frequent values with their rows, the first seen first among equals."""
        order = np.argsort(-self.counts, kind="stable")[:count]
        return [(self.values[int(place)].as_py(), int(self.counts[place])) for place in order]


def same_rows(one: Column, other: Column) -> bool:
    """Whether two columns have the same values, row by row; 1 and 1.0 are the same number."""
    if one.pattern != other.pattern:
        return False
    if one.values.equals(other.values):
        return True
    numbers = one.type == other.type == "number"
    return numbers and np.array_equal(one.numbers, other.numbers)


def _all_match(values: pa.StringArray, expression: str) -> bool:
    return pc.all(pc.match_substring_regex(values, expression)).as_py() is not False


def _any_match(values: pa.StringArray, expression: str) -> bool:
    return pc.any(pc.match_substring_regex(values, expression)).as_py() is True


def _cast(values: pa.StringArray, kind: pa.DataType) -> np.ndarray | None:
    """The values as another type, None if one of them is none."""
    try:
        return values.cast(kind).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
