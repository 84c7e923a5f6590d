"""Everything that the spec of some data is to say, before it is put into words."""

import dataclasses
import re
from collections.abc import Mapping

from components.example_gen.config import TimeSplit
from modules.errors import DataError, SpecError
from modules.spec.callbacks import EarlyStopping
from modules.spec.features import Categorical, Feature
from modules.spec.training import Training
from pipeline.init import ignored, kinds, label, missing, reading, split
from pipeline.init.column import Column
from pipeline.init.label import LabelChoice, Task
from pipeline.init.missing import Missing
from pipeline.init.source import Source
from pipeline.init.split import SplitChoice

_MOST_SLICED = 20  # values of a column to slice by
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the user said beside where the data is."""

    label: str
    task: Task | None = None
    name: str | None = None
    time: str | None = None
    group: str | None = None

    def columns(self) -> dict[str, str]:
        """By column that must be there, the option that names it."""
        named = {self.label: "--label", self.time: "--time", self.group: "--group"}
        return {column: option for column, option in named.items() if column is not None}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """The decisions, and the columns they were taken on."""

    name: str
    source: Source
    unlabelled: int  # rows, that are left out
    columns: dict[str, Column]  # of the rows with a label
    missing: Missing
    label: LabelChoice
    ignored: dict[str, str]  # reason by column
    features: dict[str, Feature]
    split: SplitChoice
    by_time: TimeSplit | None  # that could be had instead

    @property
    def labels(self) -> Column:
        """The column of the label."""
        return self.columns[self.label.label.column]

    @property
    def rows(self) -> int:
        """Rows with a label."""
        return self.labels.rows

    def slices(self) -> list[str]:
        """Up to two categories with few values; those that are words before those of numbers."""
        few = [
            self.columns[name]
            for name, feature in self.features.items()
            if isinstance(feature, Categorical) and 2 <= self.columns[name].distinct <= _MOST_SLICED
        ]
        return [column.name for column in sorted(few, key=lambda column: column.type != "text")][:2]

    def training(self) -> Training:
        """More passes in smaller batches the fewer rows there are."""
        if self.rows < 2_000:
            return Training(epochs=100, batch_size=32, callbacks=(_patience(15),))
        if self.rows < 20_000:
            return Training(epochs=40, batch_size=128, callbacks=(_patience(6),))
        return Training(epochs=20, batch_size=512)


def _patience(epochs: int) -> EarlyStopping:
    return EarlyStopping(name="early_stopping", patience=epochs)


def draft(source: Source, wishes: Wishes) -> Draft:
    """The draft for a source, after a look at every row.

    Raises:
        DataError: if the data cannot be read or learned from.
        SpecError: if a wish cannot be met.
    """
    _check(source, wishes)
    read = reading.read(source, wishes.label)
    absent = missing.find(read, source.format, wishes.label)
    whole = {name: missing.resolve(column, absent) for name, column in read.items()}
    labelled = whole[wishes.label].codes >= 0
    columns = {name: column.of_rows(labelled) for name, column in whole.items()}
    choice = label.choose(columns[wishes.label], wishes.task)
    divided = _divide(columns, choice, wishes)
    left_out = _unread(source) | ignored.reasons(
        columns, choice, [wishes.group] if wishes.group else []
    )
    spoken_for = {wishes.label, wishes.group, *left_out}
    features = {
        name: kinds.choose(column, split.leaves_days_unseen(divided))
        for name, column in columns.items()
        if name not in spoken_for
    }
    if not features:
        raise _no_features(left_out)
    return Draft(
        name=wishes.name or _name(source),
        source=source,
        unlabelled=int((~labelled).sum()),
        columns=columns,
        missing=absent,
        label=choice,
        ignored=left_out,
        features=features,
        split=divided,
        by_time=None if wishes.time or wishes.group else _by_time(columns, wishes.label),
    )


def _check(source: Source, wishes: Wishes) -> None:
    """What can be told of the wishes before the rows are read."""
    problems = []
    if wishes.time is not None and wishes.group is not None:
        problems.append("--time, --group: got both, expected one: rows are split in one way")
    for option, column in (("--time", wishes.time), ("--group", wishes.group)):
        if column == wishes.label:
            problems.append(f"{option}: {column!r} is the label; split by another column")
    if wishes.name is not None and not _NAME.fullmatch(wishes.name):
        problems.append(f"--name: got {wishes.name!r}, expected text that matches {_NAME.pattern}")
    nested = reading.unreadable(source)
    problems += [
        f"{option}: {column!r} is {nested[column]}, expected single values. Name another column"
        for column, option in wishes.columns().items()
        if column in nested
    ]
    if problems:
        raise SpecError(problems)


def _no_features(left_out: Mapping[str, str]) -> DataError:
    reasons = [f"{name!r}: {ignored.one_line(reason)}" for name, reason in left_out.items()]
    listed = "; ".join(reasons) or "There is none beside the label"
    return DataError([f"features: no column is fit to be one. {listed}"])


def _unread(source: Source) -> dict[str, str]:
    nested = reading.unreadable(source)
    return dict.fromkeys(sorted(source.partial), "not in every file") | {
        name: f"{kind}, not single values" for name, kind in nested.items()
    }


def _divide(columns: Mapping[str, Column], choice: LabelChoice, wishes: Wishes) -> SplitChoice:
    labels = columns[choice.label.column]
    rarest = labels.rows if choice.label.task == "regression" else int(labels.counts.min())
    if wishes.time is not None:
        divided = split.by_time(columns[wishes.time])
    elif wishes.group is not None:
        divided = split.by_group(columns[wishes.group], rarest)
    else:
        divided = split.by_hash(labels.rows, rarest)
    problems = split.one_class(divided, choice.label, choice.target(labels))
    if problems:
        raise SpecError(problems)
    return divided


def _by_time(columns: Mapping[str, Column], label_name: str) -> TimeSplit | None:
    """A split by the finest column of moments that hardly any row lacks."""
    moments = [
        column
        for name, column in columns.items()
        if name != label_name and column.type == "time" and column.present >= 0.99 * column.rows
    ]
    finest = max(moments, key=lambda column: column.distinct, default=None)
    if finest is None or finest.distinct < 3:
        return None
    try:
        found = split.by_time(finest).split
    except SpecError:  # moments that differ by less than a second
        return None
    return found if isinstance(found, TimeSplit) else None


def _name(source: Source) -> str:
    """A name for the pipeline: that of the one file, or of the folder."""
    given = source.files[0].stem if len(source.files) == 1 else source.files[0].parent.name
    name = re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-")
    return (name if name[:1].isalpha() else f"data-{name}".rstrip("-"))[:63]
