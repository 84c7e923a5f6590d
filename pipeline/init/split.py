"""How the rows are divided into train, valid and eval."""

import dataclasses
import datetime
import math

import numpy as np
import pyarrow as pa

from components.example_gen.config import (
    GroupSplit,
    HashSplit,
    ShareSplit,
    Split,
    TimeSplit,
    interval,
    splits_of,
)
from components.example_gen.splitting import assign
from modules.errors import SpecError
from modules.spec.label import Label
from pipeline.init.column import Column

_DAY = 86_400
_ENDS = 0.70, 0.85  # of train and valid, in the rows by time
_ROUNDING = 0.05  # of the rows, that whole days may shift an end


@dataclasses.dataclass(frozen=True, eq=False)
class SplitChoice:
    """A split, and the rows it gives."""

    split: Split
    places: np.ndarray | None  # int64 `(rows,)`: place of each row's split; None: at random
    sizes: tuple[int, ...]  # rows of each split; at random: as expected

    @property
    def smallest(self) -> int:
        """Rows of the smallest split."""
        return min(self.sizes)

    @property
    def least(self) -> int:
        """Rows that each split has for certain, or all but (4 standard deviations)."""
        chance = 0.0 if self.places is not None else 4 * math.sqrt(self.smallest)
        return max(1, math.floor(self.smallest - chance))


def by_hash(rows: int, rarest: int) -> SplitChoice:
    """At random.

    Args:
        rarest: rows of the rarest class.
    """
    split = HashSplit(by="hash", **_shares(rows, rarest))
    return SplitChoice(split, None, tuple(int(rows * share) for share in _of(split)))


def by_group(column: Column, rarest: int) -> SplitChoice:
    """At random, the rows of a group together.

    Raises:
        SpecError: if a split stays empty.
    """
    split = GroupSplit(by="group", column=column.name, **_shares(column.rows, rarest))
    texts = column.values.take(pa.array(column.codes, mask=column.codes < 0))
    choice = _measured(split, column, texts)
    if not choice.smallest:
        raise SpecError(
            [
                f"--group: {column.name!r} has {column.distinct:,} values, too few to give each of "
                f"train, valid and eval some. Split by another column"
            ]
        )
    return choice


def by_time(column: Column) -> SplitChoice:
    """The first 70 % of the rows, the next 15 % and the last 15 %, cut where time moves on.

    Raises:
        SpecError: if the column holds no moments, or fewer than 3.
    """
    if column.type != "time":
        examples = ", ".join(repr(value[:40]) for value, _ in column.most_frequent(3))
        raise SpecError(
            [
                f"--time: {column.name!r} holds {examples or 'nothing'}, expected moments in "
                f"ISO 8601 such as 2013-01-01T05:15:00"
            ]
        )
    seconds = column.row_numbers[column.codes >= 0].astype(np.int64)
    if len(np.unique(seconds)) < 3:
        raise SpecError(
            [f"--time: {column.name!r} has {len(np.unique(seconds))} moments, expected at least 3"]
        )
    moments = pa.array(
        np.nan_to_num(column.row_numbers).astype(np.int64), pa.timestamp("s"), column.codes < 0
    )
    if len(np.unique(seconds // _DAY)) >= 3:
        choice = _cut(column, seconds, moments, _DAY)
        ends = np.cumsum(choice.sizes)[:2] / len(seconds)
        if np.abs(ends - _ENDS).max() <= _ROUNDING:
            return choice
    return _cut(column, seconds, moments, 1)


def leaves_days_unseen(choice: SplitChoice) -> bool:
    """Whether what is judged lies in days of the year that were never trained on."""
    if not isinstance(choice.split, TimeSplit):
        return False
    first, last = interval(choice.split.train)
    return last - first < datetime.timedelta(days=365)


def one_class(choice: SplitChoice, label: Label, target: np.ndarray) -> list[str]:
    """The splits in which a label of classes has only one, with a sentence each."""
    if choice.places is None or label.task == "regression":
        return []
    return [
        f"data.split: {name} has only rows of class {label.classes[int(classes[0])]!r}, expected "
        f"at least 2 classes. Split in another way"
        for place, name in enumerate(splits_of(choice.split))
        if len(classes := np.unique(target[choice.places == place])) == 1
    ]


def _cut(column: Column, seconds: np.ndarray, moments: pa.Array, unit: int) -> SplitChoice:
    """Cut between whole units of time."""
    units, counts = np.unique(seconds // unit, return_counts=True)
    reached = np.cumsum(counts) / counts.sum()
    train = int(np.clip(np.abs(reached - _ENDS[0]).argmin(), 0, len(units) - 3))
    valid = int(np.clip(np.abs(reached - _ENDS[1]).argmin(), train + 1, len(units) - 2))
    edges = [(units[0], units[train]), (units[train] + 1, units[valid])]
    edges.append((units[valid] + 1, units[-1]))
    names = ("train", "valid", "eval")
    spans = {
        name: "/".join(_iso(int(edge) * unit, unit) for edge in span)
        for name, span in zip(names, edges, strict=True)
    }
    return _measured(TimeSplit(by="time", column=column.name, **spans), column, moments)


def _iso(second: int, unit: int) -> str:
    return str(np.datetime64(second, "s").astype(f"datetime64[{'D' if unit == _DAY else 's'}]"))


def _measured(split: Split, column: Column, values: pa.Array) -> SplitChoice:
    """The choice for a split by a column, divided as ExampleGen will."""
    places = assign(pa.record_batch([values], [column.name]), [column.name], split)
    count = len(splits_of(split))
    return SplitChoice(
        split, places, tuple(np.bincount(places[places >= 0], minlength=count).tolist())
    )


def _shares(rows: int, rarest: int) -> dict[str, float]:
    """More for valid and eval the fewer rows there are, lest they be too small to judge by."""
    if rows < 300 or rarest < 40:
        return {"train": 0.6, "valid": 0.2, "eval": 0.2}
    if rows < 2_000:
        return {"train": 0.7, "valid": 0.15, "eval": 0.15}
    return {"train": 0.8, "valid": 0.1, "eval": 0.1}


def _of(split: ShareSplit) -> tuple[float, ...]:
    return tuple(splits_of(split).values())
