"""Which texts of the data mean that a value is missing."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from components.example_gen.config import MISSING, Format
from pipeline.init.column import Column

# Further texts that people write for a missing value. Each counts only where all else in its
# column is a number or a moment: elsewhere it may well be a category.
_PLACEHOLDERS = frozenset(
    {"", "?", "-", "--", ".", "na", "n/a", "n.a.", "#n/a", "<na>", "nan", "null", "none", "nil"}
    | {"missing", "unknown", "inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"}
)


@dataclasses.dataclass(frozen=True)
class Missing:
    """The texts for `data.missing`, and where those that occur do."""

    tokens: tuple[str, ...]
    occurs: dict[str, dict[str, int]]  # by text, by column: rows

    @property
    def unusual(self) -> bool:
        """Whether the default does not hold these texts."""
        return self.tokens != MISSING


def find(columns: Mapping[str, Column], data_format: Format, label: str) -> Missing:
    """The texts that mean a missing value: the usual ones, and those among numbers.

    What stands in a label of classes is a class, unless it is one of the usual ones.
    """
    classes = set(columns[label].values.to_pylist())
    tokens = dict.fromkeys(MISSING)
    for column in columns.values():
        rest = column.without(MISSING)
        # Parquet's infinite numbers are no texts: data.missing does not reach them.
        if rest.type == "text" or (data_format == "csv" and _is_infinite(rest)):
            found = _among_numbers(rest)
            if column.name == label or not classes.intersection(found):
                tokens.update(dict.fromkeys(found))
    return Missing(tuple(tokens), _occurrences(columns, tokens))


def _among_numbers(column: Column) -> list[str]:
    """The placeholders of a column whose other values are all numbers, or all moments."""
    candidates = [text for text in column.values.to_pylist() if _is_placeholder(text)]
    rest = column.without(candidates)
    return candidates if candidates and rest.distinct > 1 and rest.type != "text" else []


def _is_placeholder(text: str) -> bool:
    return len(text) <= 20 and text.strip().lower() in _PLACEHOLDERS


def _is_infinite(column: Column) -> bool:
    return column.type == "number" and bool(np.isinf(column.numbers).any())


def _occurrences(columns: Mapping[str, Column], tokens: Iterable[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for column in columns.values():
        for token in tokens:
            rows = column.present - column.without([token]).present
            if rows:
                found.setdefault(token, {})[column.name] = rows
    return found


def resolve(column: Column, missing: Missing) -> Column:
    """The column as a run will read it: without the texts that are missing values, or NaN."""
    resolved = column.without(missing.tokens)
    if resolved.type == "number" and np.isnan(resolved.numbers).any():
        return resolved.kept(~np.isnan(resolved.numbers))
    return resolved
