"""What kind of feature a column is, and the facts that a reader of the spec wants beside it."""

import collections
import re
from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from modules.spec.features import Categorical, Feature, Hashed, Numeric, Text, Timestamp
from pipeline.init import toml
from pipeline.init.column import Column

_FEW_INTEGERS = range(3, 21)  # distinct; two are a flag, which is as good as a number
_COMMON = 0.01  # share of the rows that the rarest of few integers has, to be a category
_COMMON_ROWS = 10
_YEARS = (1900, 2100)
_NAMED_AS_CODE = re.compile(r"(?i:(^|[\W_])(id|code|zip|zipcode|postcode|key))$|[a-z](Id|ID|Code)$")
_WORDS = 4  # a row on average, and mostly different texts, to be a passage
_MOST_VALUES = 50_000  # of a vocabulary; above it is hashed
_BUCKETS = 20_000
_MANY_VALUES = 50  # above, rare ones share the unknown id
_REPEATED = 5  # rows with a value, for it to teach anything
_REPEATED_SHARE = 0.1  # of the rows, at least


def choose(column: Column, days_unseen: bool = False) -> Feature:
    """The feature for a column with at least one value.

    Args:
        days_unseen: whether eval lies in days of the year that train never saw.
    """
    if column.type == "time":
        return _timestamp(column, days_unseen)
    if column.type == "number" and not is_code(column):
        return Numeric(kind="numeric")
    return Text(kind="text", **_text_size(column)) if is_passage(column) else _category(column)


def is_code(column: Column) -> bool:
    """Whether whole numbers stand for categories: few of them, none rare; or named so."""
    if not column.integers or not _printed_alike(column):
        return False
    if _NAMED_AS_CODE.search(column.name):
        return column.distinct >= _FEW_INTEGERS.start
    years = _YEARS[0] <= column.numbers.min() and column.numbers.max() <= _YEARS[1]
    enough = max(_COMMON * column.present, _COMMON_ROWS)
    return column.distinct in _FEW_INTEGERS and column.counts.min() >= enough and not years


def _printed_alike(column: Column) -> bool:
    """Whether equal numbers are equal texts: 7, never 7.0 or 07."""
    return all(re.fullmatch(r"-?\d+", text) for text in column.values.to_pylist())


def is_passage(column: Column) -> bool:
    """Whether it is text of several words, mostly different, whose words come back."""
    if column.type != "text" or column.distinct <= max(_MANY_VALUES, column.present / 2):
        return False
    words = _words(column)
    if (words * column.counts).sum() < _WORDS * column.present:
        return False
    texts = column.values.slice(0, 20_000).to_pylist()
    seen = collections.Counter(word for text in texts for word in set(text.lower().split()))
    return sum(count >= _REPEATED for count in seen.values()) >= 10


def is_too_rare(column: Column) -> bool:
    """Whether hardly any category comes back often enough to learn from."""
    often = column.counts[column.counts >= _REPEATED].sum()
    return column.distinct > _FEW_INTEGERS.stop and often < _REPEATED_SHARE * column.present


def _words(column: Column) -> np.ndarray:
    return pc.count_substring_regex(column.values, r"\S+").to_numpy(zero_copy_only=False)


def _text_size(column: Column) -> dict[str, int]:
    """More tokens than the default where 1 text in 20 is longer."""
    long = int(np.quantile(np.repeat(_words(column), column.counts), 0.95))
    default = Text(kind="text").max_tokens
    return {"max_tokens": min(512, 2 ** int(np.ceil(np.log2(long))))} if long > default else {}


def _category(column: Column) -> Feature:
    if column.distinct > _MOST_VALUES:
        return Hashed(kind="hashed", buckets=_BUCKETS)
    if column.distinct <= _MANY_VALUES:
        return Categorical(kind="categorical")
    if column.rows < 2_000:
        return Categorical(kind="categorical", min_count=2)
    for least in (20, 10) if column.rows >= 20_000 else (10,):
        if column.counts[column.counts >= least].sum() >= 0.8 * column.present:
            return Categorical(kind="categorical", min_count=least)
    return Categorical(kind="categorical", min_count=_REPEATED)


def _timestamp(column: Column, days_unseen: bool) -> Timestamp:
    dates_only = not (column.numbers % 86_400).any()
    parts = ["time_of_day"] * (not dates_only) + ["day_of_week"]
    if not days_unseen:
        parts.append("day_of_year")
    if len(parts) == 3:
        return Timestamp(kind="timestamp")
    return Timestamp.model_validate({"kind": "timestamp", "parts": parts})


def fact(column: Column, feature: Feature) -> str:
    """One line for a comment: range or most frequent values, share missing, why this kind."""
    return "; ".join(_facts(column, feature))


def warning(column: Column) -> str | None:
    """What makes a column of numbers one of categories: most likely a slip."""
    if not column.strays:
        return None
    shown = ", ".join(toml.short(text) for text in column.strays[:3])
    more = f" and {len(column.strays) - 3} more" if len(column.strays) > 3 else ""
    return f"numbers but for {shown}{more}: correct the data, or add them to data.missing"


def _facts(column: Column, feature: Feature) -> Iterator[str]:
    if column.type == "number" and isinstance(feature, Numeric):
        yield f"{column.numbers.min():.6g} to {column.numbers.max():.6g}, {_distinct(column)}"
    elif column.type == "time":
        first, last = column.numbers.argmin(), column.numbers.argmax()
        yield " to ".join(column.values[int(place)].as_py() for place in (first, last))
    elif isinstance(feature, Text):
        mean = (_words(column) * column.counts).sum() / column.present
        yield f"{mean:.0f} words on average, {_distinct(column)}"
    else:
        top = [(value, rows / column.rows) for value, rows in column.most_frequent(3)]
        shares = [f"{toml.short(value)} {share:.0%}" for value, share in top if share >= 0.01]
        yield f"{_distinct(column)}: {', '.join(shares) or 'each in under 1%'}"
    if slip := warning(column):
        yield slip
    missing = 1 - column.present / column.rows
    if missing:
        yield f"{missing:.1%} missing" if missing >= 0.0005 else "under 0.1% missing"
    if column.type == "number" and not isinstance(feature, Numeric):
        yield "taken for codes; for an amount: numeric"
    elif column.integers and column.distinct in _FEW_INTEGERS:
        yield "taken for an amount; for codes: categorical"


def _distinct(column: Column) -> str:
    return f"{column.distinct:,} value{'s' * (column.distinct > 1)}"
