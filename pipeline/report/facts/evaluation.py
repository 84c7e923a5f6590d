"""What the Evaluator found: metrics of each slice, curves, tables, and how each rule stands."""

import dataclasses
import math
import pathlib
from collections.abc import Sequence
from typing import Any

import pydantic

from components.evaluator.verdict import Judged, Outcome, Verdict
from pipeline.local.result import Finished
from pipeline.metrics import HEADLINE
from pipeline.report.facts import constant, plots, tfma_records
from pipeline.report.facts.plots import Bucket, Confused, Threshold
from pipeline.report.facts.sources import Absent, Output, Outputs
from pipeline.spec import Spec

_ROWS = "example_count"
_SLICES = 300  # that are shown, the worst first
FEW = 30  # rows, under which a metric is mostly chance: the usual bound of a large sample
_LOWER_IS_BETTER = ("regression", "quantile")  # tasks whose headline is an error
_ORDER: dict[Outcome | None, int] = {
    "broken": 0,
    "holds": 1,
    None: 1,
    "no_baseline": 1,
    "too_few_rows": 2,
}


@dataclasses.dataclass(frozen=True)
class Number:
    """A metric; None: it is not known, or not a finite number."""

    value: float | None
    interval: tuple[float, float] | None  # of 95 %
    baseline: float | None
    change: float | None


@dataclasses.dataclass(frozen=True)
class Slice:
    """The rows that have some values in some columns."""

    key: dict[str, str]  # empty: all rows
    rows: int | None
    metrics: dict[str, Number]
    rules: list[Judged]

    @property
    def outcome(self) -> Outcome | None:
        """The worst of its rules; None without any."""
        outcomes = [rule.outcome for rule in self.rules]
        return min(outcomes, key=_ORDER.__getitem__, default=None)

    @property
    def has_few_rows(self) -> bool:
        """Whether its metrics say little."""
        return self.rows is not None and self.rows < FEW


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How good the model is."""

    headline: str | None  # the metric by which models of the task are told apart
    overall: Slice | None  # all rows
    slices: list[Slice]  # the worst first
    more_slices: int  # that are not shown
    thresholds: list[Threshold]  # of a binary task
    calibration: list[Bucket]  # of a binary task
    confusion: list[Confused]  # of several classes
    coverage: dict[float, float]  # by quantile: the share of labels that are at most it
    constant: dict[str, float]  # metrics of a prediction that is the same for every row


def verdict_of(outputs: Outputs) -> Verdict | Absent:
    """The verdict on the model of a run, as our Evaluator writes it down."""
    found = outputs(Output.VERDICT)
    if isinstance(found, Absent):
        return found
    try:
        text = (found / Verdict.FILE).read_text(encoding="utf-8")
        return Verdict.model_validate_json(text)
    except FileNotFoundError:
        return Absent("TFX's own Evaluator writes no verdict down")
    except (OSError, UnicodeDecodeError, pydantic.ValidationError):
        return Absent("the verdict cannot be read")


def verdict_told(told: Finished) -> Verdict:
    """The verdict as an Evaluator told it at its end, TFX's own too."""
    return Verdict(
        blessed=not told.broken_rules,
        sentence=told.sentence or "; ".join(told.broken_rules),
        baseline=any(rule.baseline is not None for rule in told.rules),
        metrics={name: finite(value) for name, value in told.metrics.items()},
        rules=tuple(told.rules),
    )


def of_run(outputs: Outputs, spec: Spec | None, rules: Sequence[Judged]) -> Evaluation | Absent:
    """The evaluation of a run; `rules` say how each stands on each slice."""
    found = outputs(Output.EVALUATION)
    if isinstance(found, Absent):
        return found
    try:
        return _evaluation(found, spec, rules)
    except tfma_records.Unreadable as error:
        return Absent(str(error))


def _evaluation(folder: pathlib.Path, spec: Spec | None, rules: Sequence[Judged]) -> Evaluation:
    slices = [_slice(each, rules) for each in tfma_records.metrics(folder)]
    if not slices:
        raise tfma_records.Unreadable(f"{folder}: holds no metrics")
    task = spec.label.task if spec else ""
    overall = next((each for each in slices if not each.key), None)
    known = overall.metrics if overall else {}
    headline = HEADLINE.get(task)
    headline = headline if headline in known else next(iter(known), None)
    lower = task in _LOWER_IS_BETTER
    named = sorted(
        (each for each in slices if each.key), key=lambda each: _badness(each, headline, lower)
    )
    classes = spec.label.classes if spec else ()
    curves = plots.of_all_rows(folder)
    thresholds = [each for one in curves for each in plots.thresholds(one)]
    confusion = [each for one in curves for each in plots.confused(one, classes)]
    return Evaluation(
        headline=headline,
        overall=overall,
        slices=named[:_SLICES],
        more_slices=max(0, len(named) - _SLICES),
        thresholds=thresholds,
        calibration=[each for one in curves for each in plots.calibration(one)],
        confusion=confusion,
        coverage=_coverage(known),
        constant=_constant(thresholds, confusion, known),
    )


def _badness(one: Slice, headline: str | None, lower: bool) -> tuple[int, bool, float]:
    """Sorts what breaks a rule first, then the worse by the headline; few rows come last."""
    found = one.metrics.get(headline or "")
    value = found.value if found and found.value is not None else math.inf
    worse = -value if lower and math.isfinite(value) else value
    return _ORDER[one.outcome], one.has_few_rows, worse


def _slice(proto: Any, rules: Sequence[Judged]) -> Slice:
    key = tfma_records.slice_of(proto.slice_key)
    roles: dict[str, dict[str, Any]] = {"candidate": {}, "baseline": {}, "change": {}}
    for each in proto.metric_keys_and_values:
        if each.value.WhichOneof("type") == "double_value":
            role = "change" if each.key.is_diff else each.key.model_name or "candidate"
            roles.setdefault(role, {}).setdefault(each.key.name, each)
    numbers = {
        name: Number(
            value=finite(each.value.double_value.value),
            interval=_interval(each),
            baseline=_value(roles["baseline"].get(name)),
            change=_value(roles["change"].get(name)),
        )
        for name, each in roles["candidate"].items()
    }
    rows = numbers.pop(_ROWS, None)
    return Slice(
        key=key,
        rows=int(rows.value) if rows and rows.value is not None else None,
        metrics=numbers,
        rules=[rule for rule in rules if rule.slice == key and set(rule.columns) == set(key)],
    )


def _value(each: Any) -> float | None:
    return None if each is None else finite(each.value.double_value.value)


def _interval(each: Any) -> tuple[float, float] | None:
    if not each.HasField("confidence_interval"):
        return None
    found = each.confidence_interval
    low, high = found.lower_bound.double_value.value, found.upper_bound.double_value.value
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def finite(number: float) -> float | None:
    """The number, or None."""
    return number if math.isfinite(number) else None


def _constant(
    thresholds: list[Threshold], confusion: list[Confused], metrics: dict[str, Number]
) -> dict[str, float]:
    if thresholds:
        return constant.of_thresholds(thresholds)
    if confusion:
        return constant.of_classes(confusion)
    return constant.of_numbers({name: number.value for name, number in metrics.items()})


def _coverage(metrics: dict[str, Number]) -> dict[float, float]:
    found = {}
    for name, number in metrics.items():
        base, _, text = name.partition("@")
        if base == "coverage" and text and number.value is not None:
            found[float(text)] = number.value
    return dict(sorted(found.items()))
