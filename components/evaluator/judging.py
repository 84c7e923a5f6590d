"""Each threshold of an EvalConfig on each slice of an evaluation, as TFMA wrote it down."""

import dataclasses
import math
import os
from collections.abc import Iterator
from typing import Any

from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.metrics.metric_types import MetricKey
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.slicer import slicer_lib
from tensorflow_model_analysis.utils import config_util, model_util
from tensorflow_model_analysis.writers import eval_config_writer
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer as writer

from components.evaluator.slicing import SliceKey
from components.evaluator.verdict import Judged, Outcome, Verdict, conclude
from components.evaluator.wording import sentence

_ROWS = "example_count"


def judge(evaluation: str, asked: Any = None, forced_by: str | None = None) -> Verdict:
    """The verdict on the model of an evaluation.

    TFMA's own validation takes a slice with too few rows for one whose metrics are missing, says
    nothing of rules that hold, and forgets those on changes when there is no baseline; so the
    thresholds are gone through here, by its rules: a bound is part of what it allows, and NaN
    keeps none.

    Args:
        evaluation: the folder of a ModelEvaluation.
        asked: the EvalConfig that Evaluator was given; None: the one that lies there, in which
            TFMA leaves out changes when there is no baseline.
        forced_by: who wants it blessed whatever is found, and why.
    """
    kept = eval_config_writer.load_eval_run(evaluation)[0]
    slices = [_Slice.read(proto) for proto in _protos(evaluation)]
    # As if there were a baseline: else TFMA drops what is asked of changes.
    full = asked and config_util.update_eval_config_with_defaults(asked, has_baseline=True)
    rules = list(_judged(slices, full or kept))
    if not any(found.key == () for found in slices):
        rules.append(_without_rows())
    problem = _unnamed(evaluation, rules)
    return conclude(
        rules + problem,
        next((found.overall() for found in slices if found.key == ()), {}),
        baseline=model_util.get_baseline_model_spec(kept) is not None,
        forced_by=forced_by,
    )


@dataclasses.dataclass(frozen=True)
class _Found:
    """A number, and the interval that it lies in."""

    value: float
    interval: tuple[float, float] | None


@dataclasses.dataclass(frozen=True)
class _Slice:
    """The metrics of a slice by role; keys are without the names of models."""

    key: SliceKey
    candidate: dict[MetricKey, _Found]
    baseline: dict[MetricKey, _Found]
    change: dict[MetricKey, _Found]
    is_withheld: bool  # by TFMA, as it has too few rows

    @staticmethod
    def read(proto: Any) -> "_Slice":
        """From TFMA's proto; metrics that are no single numbers are left out."""
        roles: dict[str, dict[MetricKey, _Found]] = {"candidate": {}, "baseline": {}, "change": {}}
        for each in proto.metric_keys_and_values:
            if each.value.WhichOneof("type") != "double_value":
                continue
            key = MetricKey.from_proto(each.key)
            role = "change" if key.is_diff else key.model_name or "candidate"
            interval = each.confidence_interval
            bounds = (interval.lower_bound.double_value, interval.upper_bound.double_value)
            is_given = each.HasField("confidence_interval")
            roles.setdefault(role, {})[_plain(key)] = _Found(
                each.value.double_value.value,
                (bounds[0].value, bounds[1].value) if is_given else None,
            )
        return _Slice(
            key=slicer_lib.deserialize_slice_key(proto.slice_key),
            candidate=roles["candidate"],
            baseline=roles["baseline"],
            change=roles["change"],
            is_withheld=bool(proto.metrics),
        )

    def rows(self) -> int | None:
        """How many there are, if that was counted."""
        found = [each.value for key, each in self.candidate.items() if key.name == _ROWS]
        return int(found[0]) if found else None

    def overall(self) -> dict[str, float | None]:
        """The candidate's metrics by name."""
        return {
            key.name: _finite(each.value)
            for key, each in self.candidate.items()
            if key.name != _ROWS
        }

    def texts(self) -> dict[str, str]:
        """The values of the columns that make the slice."""
        return {
            column: value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            for column, value in self.key
        }


def _plain(key: MetricKey) -> MetricKey:
    return key._replace(model_name="", is_diff=False)


def _protos(evaluation: str) -> Iterator[Any]:
    yield from writer.load_and_deserialize_metrics(os.path.join(evaluation, "metrics"))


def _judged(slices: list[_Slice], config: Any) -> Iterator[Judged]:
    least = config.options.min_slice_size.value
    baseline = model_util.get_baseline_model_spec(config)
    thresholds = metric_specs.metric_thresholds_from_metrics_specs(
        config.metrics_specs, eval_config=config
    )
    is_compared = any(each.baseline or each.change for each in slices)
    for key, bounds in thresholds.items():
        if key.name == _ROWS or (baseline and key.model_name == baseline.name):
            continue
        for piece, threshold in bounds:
            if isinstance(piece, config_pb2.CrossSlicingSpec):
                continue  # TFMA's own validation judges it
            asked_for = _bound(key, threshold)
            if asked_for.bounds != "value" and not is_compared:
                asked_for = asked_for.model_copy(update={"outcome": "no_baseline"})
            yield from _of_rule(asked_for, key, piece, slices, least)


def _of_rule(
    asked: Judged, key: MetricKey, piece: Any, slices: list[_Slice], least: int
) -> Iterator[Judged]:
    """A rule on each slice that it is about."""
    about = slicer_lib.SingleSliceSpec(spec=piece) if piece is not None else None
    matching = [each for each in slices if about is None or about.is_slice_applicable(each.key)]
    for each in matching:
        yield _on_slice(asked, key, each, least)
    if not matching:
        columns = () if piece is None else (*piece.feature_keys, *piece.feature_values)
        nowhere = asked.model_copy(update={"columns": columns})
        text = f"no rows of slice {', '.join(columns)} to judge by"
        if asked.outcome == "no_baseline":
            text = sentence(nowhere, least)
        yield nowhere.model_copy(update={"sentence": text})


def _bound(key: MetricKey, threshold: Any) -> Judged:
    """What a threshold asks, before anything is found."""
    least = most = None
    if isinstance(threshold, config_pb2.GenericValueThreshold):
        bounds = "value"
        least = threshold.lower_bound.value if threshold.HasField("lower_bound") else None
        most = threshold.upper_bound.value if threshold.HasField("upper_bound") else None
    else:
        is_absolute = threshold.HasField("absolute")
        bounds = "change" if is_absolute else "relative_change"
        limit = threshold.absolute.value if is_absolute else threshold.relative.value
        if threshold.direction == config_pb2.MetricDirection.HIGHER_IS_BETTER:
            least = limit
        else:
            most = limit
    return Judged.model_validate(
        {"metric": key.name, "bounds": bounds, "min": least, "max": most}
        | {"outcome": "broken", "sentence": ""}
    )


def _on_slice(asked: Judged, key: MetricKey, of: _Slice, least: int) -> Judged:
    name, rows = _plain(key), of.rows()
    value, before = of.candidate.get(name), of.baseline.get(name)
    found = _bounded(asked, name, of)
    too_few = of.key != () and (of.is_withheld or (rows is not None and rows < least))
    outcome: Outcome = asked.outcome
    if outcome != "no_baseline":
        outcome = "holds" if _holds(asked, found) else "broken"
    if too_few:
        outcome = "too_few_rows"
    texts = of.texts()
    judged = asked.model_copy(
        update={
            "columns": tuple(texts),
            "slice": texts,
            "rows": rows,
            "value": _finite(value.value) if value else None,
            "baseline": _finite(before.value) if before else None,
            "found": _finite(found.value) if found else None,
            "interval": found.interval if found else None,
            "outcome": outcome,
        }
    )
    return judged.model_copy(update={"sentence": sentence(judged, least)})


def _bounded(asked: Judged, name: MetricKey, of: _Slice) -> _Found | None:
    """The number that the rule bounds."""
    if asked.bounds == "value":
        return of.candidate.get(name)
    change = of.change.get(name)
    if asked.bounds == "change" or change is None:
        return change
    before = of.baseline[name].value
    if math.isclose(before, 0.0):  # as TFMA: it is not a number
        return _Found(math.nan, None)
    scaled = sorted(bound / before for bound in change.interval or ())
    return _Found(change.value / before, (scaled[0], scaled[1]) if scaled else None)


def _holds(asked: Judged, found: _Found | None) -> bool:
    if found is None:
        return False
    least = -math.inf if asked.min is None else asked.min
    return least <= found.value <= (math.inf if asked.max is None else asked.max)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _without_rows() -> Judged:
    return Judged(
        metric=_ROWS,
        bounds="value",
        found=0,
        min=1,
        outcome="broken",
        sentence="there are no rows to judge by",
    )


def _unnamed(evaluation: str, rules: list[Judged]) -> list[Judged]:
    """What TFMA's validation refuses beyond the rules: thresholds across slices."""
    validation = writer.load_and_deserialize_validation_result(evaluation)
    if validation.validation_ok or any(each.outcome != "holds" for each in rules):
        return []
    text = "Evaluator refused the model without naming a rule"
    return [Judged(metric="", bounds="value", outcome="broken", sentence=text)]
