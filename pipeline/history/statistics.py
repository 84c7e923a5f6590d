"""What differs between the data of two runs, by StatisticsGen's figures."""

import math
import pathlib
from collections.abc import Iterator, Mapping

import pydantic
from google.protobuf import message
from tensorflow_metadata.proto.v0 import statistics_pb2

_FILE = "FeatureStats.pb"  # tfx/components/statistics_gen/executor.py
_SPLIT = "Split-"  # tfx/types/artifact_utils.py
_NOISE = 1e-9  # relative change below which two figures are equal
_VALUES = 3  # of a column of text, those whose shares changed most

Splits = Mapping[str, statistics_pb2.DatasetFeatureStatistics]
Figures = dict[str, float | str]


class DataChange(pydantic.BaseModel):
    """A figure that differs; None: one of the runs has none."""

    split: str
    column: str | None  # None: of the rows as a whole
    figure: str
    old: float | str | None
    new: float | str | None
    change: float | None  # relative to the old one; None: there is no such number


def splits(folder: pathlib.Path) -> Splits:
    """By split, the statistics in a folder; those that cannot be read are left out."""
    found = {}
    for path in sorted(folder.glob(f"{_SPLIT}*/{_FILE}")):
        read = statistics_pb2.DatasetFeatureStatisticsList()
        try:
            read.ParseFromString(path.read_bytes())
        except (OSError, message.DecodeError):
            continue
        if read.datasets:
            found[path.parent.name.removeprefix(_SPLIT)] = read.datasets[0]
    return found


def of_data(old: Splits, new: Splits) -> list[DataChange]:
    """Figures that differ, the biggest change first: what is new or gone before all others."""
    found = []
    for split in dict.fromkeys([*old, *new]):
        before, after = _columns(old.get(split)), _columns(new.get(split))
        for column in dict.fromkeys([*before, *after]):
            found += _changes(split, column, before.get(column, {}), after.get(column, {}))
    return sorted(found, key=lambda each: _rank(each.change))


def _rank(change: float | None) -> float:
    return -math.inf if change is None else -abs(change)


def _columns(
    dataset: statistics_pb2.DatasetFeatureStatistics | None,
) -> dict[str | None, Figures]:
    """By column, its figures; those of None are of the rows as a whole."""
    if dataset is None:
        return {}
    found: dict[str | None, Figures] = {None: {"rows": dataset.num_examples}}
    for feature in dataset.features:
        found[feature.name or ".".join(feature.path.step)] = dict(_figures(feature))
    return found


def _figures(feature: statistics_pb2.FeatureNameStatistics) -> Iterator[tuple[str, float | str]]:
    yield "type", statistics_pb2.FeatureNameStatistics.Type.Name(feature.type)
    kind = feature.WhichOneof("stats")
    if kind is None:
        return
    found = getattr(feature, kind)
    common = found.common_stats
    rows = common.num_missing + common.num_non_missing
    if rows:
        yield "missing", common.num_missing / rows
    if kind == "num_stats":
        yield from {
            "mean": found.mean,
            "standard deviation": found.std_dev,
            "min": found.min,
            "max": found.max,
        }.items()
    elif kind == "string_stats":
        yield "distinct values", found.unique
        total = common.tot_num_values or common.num_non_missing
        for each in found.top_values if total else ():
            yield f"share of {each.value!r}", each.frequency / total


def _changes(split: str, column: str | None, old: Figures, new: Figures) -> list[DataChange]:
    if not old or not new:  # the column, or the split, is only there in one run
        figure = "rows" if column is None else "type"
        return [_change(split, column, figure, old.get(figure), new.get(figure))]
    found = []
    for figure in dict.fromkeys([*old, *new]):
        before, after = old.get(figure), new.get(figure)
        if (before is None or after is None) and figure.startswith("share"):
            continue  # only the most frequent values are listed: it may be there all the same
        change = _change(split, column, figure, before, after)
        if change.change is None or abs(change.change) > _NOISE:
            found.append(change)
    shares = [each for each in found if each.figure.startswith("share")]
    shares.sort(key=lambda each: -abs(float(each.new or 0) - float(each.old or 0)))
    return [each for each in found if each not in shares[_VALUES:]]


def _change(
    split: str, column: str | None, figure: str, old: float | str | None, new: float | str | None
) -> DataChange:
    return DataChange(
        split=split, column=column, figure=figure, old=old, new=new, change=_relative(old, new)
    )


def _relative(old: float | str | None, new: float | str | None) -> float | None:
    """How much a figure grew, relative to the old one; None if that is no number."""
    if old == new:
        return 0.0
    if not isinstance(old, int | float) or not isinstance(new, int | float):
        return None
    if math.isnan(old) and math.isnan(new):
        return 0.0
    if not old or not math.isfinite(old) or not math.isfinite(new):
        return None
    return (new - old) / abs(old)
