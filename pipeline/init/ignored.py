"""Which columns are no features, and why."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pyarrow.compute as pc

from modules.spec.features import argument_name
from pipeline.init import kinds, leak, toml
from pipeline.init.column import Column, same_rows
from pipeline.init.label import LabelChoice

LEAK = "suspected leak"
_LEAST_VALUES = 20
_UNIQUE = 0.99  # share of the rows with a whole number of their own, in an id
_LEAST_ROWS = 100  # for that: among fewer a measure may well be different in each
_ZONED = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})$"


def reasons(
    columns: Mapping[str, Column], label: LabelChoice, exempt: Collection[str]
) -> dict[str, str]:
    """By column that is left out, the reason: a line or several, fit for a comment.

    Args:
        columns: of the rows with a label, the label among them.
        exempt: columns that are not asked about.
    """
    found: dict[str, str] = {}
    target = label.target(columns[label.label.column])
    before = {columns[label.label.column].pattern: [columns[label.label.column]]}
    arguments: dict[str, str] = {}
    for name, column in columns.items():
        if name == label.label.column or name in exempt:
            continue
        alike = before.setdefault(column.pattern, [])
        reason = _of_values(column) or _of_others(column, alike, arguments)
        reason = reason or _of_learning(column, target, label)
        alike.append(column)
        if reason:
            found[name] = reason
        else:
            arguments[argument_name(name)] = name
    return found


def one_line(reason: str) -> str:
    """A reason for where lines do not matter."""
    return reason.replace("\n", ". ")


def _of_values(column: Column) -> str | None:
    """What the values alone tell."""
    if not column.name.strip():
        return "it has no name"
    if not column.present:
        return "no value in any row"
    if column.present < _LEAST_VALUES and column.present < column.rows:
        return f"a value in only {column.present} of {column.rows:,} rows"
    if column.present == column.rows:
        same = column.distinct == 1 or (column.type != "text" and np.ptp(column.numbers) == 0)
        if same:
            return f"{toml.short(column.values[0].as_py())} in every row"
    if column.type == "number" and np.abs(column.numbers).max() > np.finfo(np.float32).max:
        return "infinite values, or beyond float32: correct them"
    return None


def _of_others(column: Column, alike: Iterable[Column], arguments: Mapping[str, str]) -> str | None:
    """What the columns before tell, those that change with the same rows among them."""
    for other in alike:
        if same_rows(column, other):
            return f"the same as {toml.text(other.name)} in every row"
    other_name = arguments.get(argument_name(column.name))
    if other_name is not None:
        both = toml.text(argument_name(column.name))
        return f"it would be {both} in serving, as {toml.text(other_name)} is: rename one"
    return None


def _of_learning(column: Column, target: np.ndarray, label: LabelChoice) -> str | None:
    """What can be learned from it: too little, or suspiciously much."""
    if _numbers_rows(column):
        return f"it numbers the rows: {column.numbers.min():.0f} to {column.numbers.max():.0f}"
    score = leak.score(column, target, label.label)
    if score is not None and score.is_leak:
        feature = toml.value(kinds.choose(column).model_dump(exclude_unset=True))
        return (
            f"{LEAK}: alone it tells the label ({score.fact} on rows held out)\nIf it is known "
            f"before the label is, make it a feature: {toml.key(column.name)} = {feature}"
        )
    if column.type == "text" and pc.all(pc.match_substring_regex(column.values, _ZONED)).as_py():
        return "moments with a time zone are not read: write them without, all in the same zone"
    if _is_id(column):
        return (
            f"an id, or too rarely the same: {column.distinct:,} values in {column.present:,} rows"
        )
    return None


def _is_id(column: Column) -> bool:
    """Whether nearly every row has a whole number, or hardly two rows the same category."""
    if column.integers and column.distinct >= max(_UNIQUE * column.present, _LEAST_ROWS):
        return True
    is_category = column.type == "text" or kinds.is_code(column)
    return is_category and kinds.is_too_rare(column) and not kinds.is_passage(column)


def _numbers_rows(column: Column) -> bool:
    """Whether it is a different whole number in each row: close together, or ever rising."""
    if not column.integers or column.distinct < column.rows:
        return False
    return bool(np.ptp(column.numbers) < 2 * column.rows or (np.diff(column.row_numbers) > 0).all())
