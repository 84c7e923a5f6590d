"""`headrace diff`: what differs between two runs."""

import pathlib
from collections.abc import Callable

import pydantic
from rich.console import Console

from pipeline.console import say
from pipeline.failure import ExitCode
from pipeline.history import differences, statistics
from pipeline.history.answering import answered
from pipeline.history.columns import Cell, count, figure, print_columns
from pipeline.history.differences import Change, CodeChange, MetricChange
from pipeline.history.folder import folder_of_runs
from pipeline.history.past import Past, past
from pipeline.history.sizes import artifact
from pipeline.history.statistics import DataChange

_MOST = 30  # figures of the data that are shown to people
_NONE = "-"
_STATISTICS = "StatisticsGen", "statistics"  # node and output


class Comparison(pydantic.BaseModel):
    """The one JSON object of `headrace diff --json`: what differs, and only that."""

    old: str
    new: str
    spec: list[Change]
    code: list[CodeChange]
    libraries: list[Change]
    data: list[DataChange]
    metrics: list[MetricChange]
    unknown: dict[str, str]  # why a part could not be compared


def diff_command(old: str, new: str, given: pathlib.Path | None, as_json: bool) -> ExitCode:
    """Prints what differs between two runs."""

    def ask() -> Comparison:
        runs = folder_of_runs(given)
        return comparison(past(runs, old), past(runs, new))

    return answered(as_json, ask, _show)


def comparison(old: Past, new: Past) -> Comparison:
    """What differs between two runs."""
    unknown = {}
    for part, (has, lacks) in _NEEDED.items():
        without = [run.id for run in (old, new) if not has(run)]
        if without:
            unknown[part] = f"{lacks} in run {' and run '.join(without)}"
    return Comparison(
        old=old.id,
        new=new.id,
        spec=[] if "spec" in unknown else differences.of_spec(old, new),
        code=differences.of_code(old, new),
        libraries=[] if "libraries" in unknown else differences.of_libraries(old, new),
        data=[] if "data" in unknown else statistics.of_data(_data(old), _data(new)),
        metrics=[] if "metrics" in unknown else differences.of_metrics(old, new),
        unknown=unknown,
    )


def _data(run: Past) -> statistics.Splits:
    """By split, the statistics of the data; empty if they are gone."""
    node, output = _STATISTICS
    made = run.records.get(node)
    outputs = made.outputs.get(output) if made else None
    folder = artifact(run.folder.parent, outputs[0].uri) if outputs else None
    return statistics.splits(folder) if folder else {}


# By part of a comparison, whether a run has what it takes, and what to say of one that has not.
_NEEDED: dict[str, tuple[Callable[[Past], object], str]] = {
    "spec": (lambda run: run.spec, "no request that can be read"),
    "code": (lambda run: run.records, "no records of nodes"),
    "libraries": (lambda run: run.records, "no records of nodes"),
    "data": (_data, f"no outputs of {_STATISTICS[0]}"),
    "metrics": (lambda run: run.result and run.result.metrics, "no metrics"),
}


def _show(console: Console, told: Comparison) -> None:
    say(console, f"What differs: run {told.old}, then run {told.new}", "bold")
    parts: dict[str, list[list[Cell]]] = {
        "spec": [[each.name, *_pair(each)] for each in told.spec],
        "code": [[each.name, each.change, ", ".join(each.nodes)] for each in told.code],
        "libraries": [[each.name, *_pair(each)] for each in told.libraries],
        "data": [_of_data(each) for each in told.data[:_MOST]],
        "metrics": [_of_metric(each) for each in told.metrics],
    }
    for name, rows in parts.items():
        if rows:
            say(console, f"\n{name}", "bold")
            print_columns(console, rows, right=_RIGHT.get(name, ()), indent=2)
    if len(told.data) > _MOST:
        more = count(len(told.data) - _MOST, "smaller change")
        say(console, f"{more} of the data: --json has all", "dim")
    say(console, "")
    for part, why in told.unknown.items():
        say(console, f"Not compared: {part} ({why})", "yellow")
    same = [part for part, rows in parts.items() if not rows and part not in told.unknown]
    if same:
        say(console, f"No difference in {', '.join(same)}", "dim")


_RIGHT = {"data": {3, 4, 5}, "metrics": {1, 2, 3}}


def _pair(change: Change) -> list[Cell]:
    return [
        _NONE if change.old is None else change.old,
        _NONE if change.new is None else change.new,
    ]


def _of_data(change: DataChange) -> list[Cell]:
    grown = "" if change.change is None else f"{change.change:+.1%}"
    column = change.column or "(all)"
    return [change.split, column, change.figure, _value(change.old), _value(change.new), grown]


def _of_metric(change: MetricChange) -> list[Cell]:
    grown = "" if change.change is None else f"{change.change:+.4g}"
    return [change.name, _value(change.old), _value(change.new), grown]


def _value(value: float | str | None) -> str:
    if value is None:
        return _NONE
    return value if isinstance(value, str) else figure(value)
