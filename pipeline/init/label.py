"""What kind of prediction a label asks for."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from modules.errors import DataError, SpecError
from modules.spec.label import Label
from pipeline.init.column import Column
from pipeline.init.toml import text

Task = str  # binary, multiclass or regression
_MOST_CLASSES = 100
_FEW_NUMBERS = 20  # classes, if they are numbers; more are an amount
_ROWS_A_CLASS = 5  # on average, for decimals to be classes
_LEAST_ROWS = 30
# Negative, positive; compared in lower case.
_KNOWN_PAIRS = (
    ("0", "1"), ("-1", "1"), ("0.0", "1.0"), ("false", "true"), ("f", "t"), ("no", "yes"),
    ("n", "y"), ("neg", "pos"), ("negative", "positive"), ("absent", "present"), ("off", "on"),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class LabelChoice:
    """The label of the spec, and what a reader should know of the choice."""

    label: Label
    fact: str

    def target(self, column: Column) -> np.ndarray:
        """float64 `(rows,)`: the number of a regression, else the place among the classes."""
        if self.label.task == "regression":
            return column.row_numbers
        places = {name: place for place, name in enumerate(self.label.classes)}
        return np.array([places[value] for value in column.values.to_pylist()], float)[column.codes]


def choose(column: Column, task: Task | None) -> LabelChoice:
    """The label for a column without missing values.

    Raises:
        DataError: if there is nothing to learn from it.
        SpecError: if the task is none for its values, or there are too many classes.
    """
    _check_rows(column)
    task = task or _infer_task(column)
    match task:
        case "binary":
            return _binary(column)
        case "multiclass":
            return _multiclass(column)
        case _:
            return _regression(column)


def _check_rows(column: Column) -> None:
    name = f"label.column: {column.name!r}"
    if column.distinct < 2:
        value = f"is {column.values[0].as_py()!r} in every row" if column.distinct else "is empty"
        raise DataError([f"{name} {value}, expected at least 2 values. Name another with --label"])
    if column.present < _LEAST_ROWS:
        raise DataError(
            [
                f"{name} has a value in {column.present} rows, expected at least {_LEAST_ROWS} to "
                f"train, validate and judge a model. Give more data"
            ]
        )


def _infer_task(column: Column) -> Task:
    if column.distinct == 2:
        return "binary"
    if column.type != "number":
        return "multiclass"
    few = column.distinct <= _FEW_NUMBERS
    if few and (column.integers or column.present >= _ROWS_A_CLASS * column.distinct):
        return "multiclass"
    return "regression"


def _binary(column: Column) -> LabelChoice:
    if column.distinct != 2:
        raise SpecError(
            [
                f"--task binary: {column.name!r} has {column.distinct:,} values, such as "
                f"{_examples(column)}, expected 2. Try --task {_infer_task(column)}"
            ]
        )
    counted = sorted(column.most_frequent(2), key=lambda found: (-found[1], found[0]))
    (more, most), (fewer, rare) = counted
    _check_rarest(column, fewer, rare)
    because = "it is the rarer" if rare < most else "it is the last in the alphabet"
    classes, why = (more, fewer), f"taken for the positive one because {because}"
    for pair in _KNOWN_PAIRS:
        if {more.strip().lower(), fewer.strip().lower()} == set(pair):
            classes = (more, fewer) if more.strip().lower() == pair[0] else (fewer, more)
            why = ""
    share = column.counts[column.values.to_pylist().index(classes[1])] / column.present
    fact = f"negative, positive: {text(classes[1])} in {share:.1%} of rows"
    label = Label(column=column.name, task="binary", classes=classes)
    return LabelChoice(label, f"{fact}, {why}" if why else fact)


def _multiclass(column: Column) -> LabelChoice:
    if column.distinct > _MOST_CLASSES:
        hint = ", or give --task regression" if column.type == "number" else ""
        raise SpecError(
            [
                f"label.column: {column.name!r} has {column.distinct:,} values, such as "
                f"{_examples(column)}, expected at most {_MOST_CLASSES} classes. Name another "
                f"column with --label{hint}"
            ]
        )
    classes: Iterable[str] = column.values.to_pylist()
    if column.type == "number":
        classes = sorted(classes, key=lambda name: (float(name), name))
    else:
        classes = sorted(classes)
    (_, most), *_, (_, least) = column.most_frequent(column.distinct)
    fact = f"the most frequent in {most / column.present:.1%} of the rows, the rarest in {least:,}"
    return LabelChoice(Label(column=column.name, task="multiclass", classes=tuple(classes)), fact)


def _regression(column: Column) -> LabelChoice:
    if column.type != "number":
        raise SpecError(
            [
                f"--task regression: {column.name!r} holds {_examples(column)}, expected numbers. "
                f"Try --task {_infer_task(column)}"
            ]
        )
    numbers = column.row_numbers
    if np.abs(numbers).max() > np.finfo(np.float32).max:
        raise DataError(
            [
                f"label.column: {column.name!r} has infinite values (or beyond float32). "
                f"Correct them, or leave their rows out"
            ]
        )
    fact = f"{numbers.min():.6g} to {numbers.max():.6g}, mean {numbers.mean():.6g}"
    return LabelChoice(
        Label(column=column.name, task="regression"),
        f"{fact}, standard deviation {numbers.std():.6g}",
    )


def _check_rarest(column: Column, name: str, rows: int) -> None:
    if rows < 3:
        raise DataError(
            [
                f"label.column: {column.name!r} is {name!r} in {rows} of {column.present:,} rows, "
                f"expected at least 3, one for each split. Give more data"
            ]
        )


def _examples(column: Column) -> str:
    return ", ".join(repr(value[:40]) for value, _ in column.most_frequent(3))
