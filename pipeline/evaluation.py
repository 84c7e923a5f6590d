"""The spec's rules and slices as TFMA's configuration."""

import json
from collections.abc import Iterable
from typing import Any

# The protos by their module: TFMA 0.52 does not offer all of them at its top.
from tensorflow_model_analysis.proto import config_pb2 as tfma

from components.evaluator.config import Judging
from modules.export import prediction_key
from modules.preprocessing import transformed
from pipeline.metrics import PLOTS, metric
from pipeline.rules import Rule, as_columns, metric_names
from pipeline.spec import Spec


def eval_config(spec: Spec) -> Any:
    """What Evaluator is told: metrics of the task, slices, and a threshold for each rule."""
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(
                signature_name="serving_default",
                preprocessing_function_names=["transform_features"],
                label_key=transformed(spec.label.column),
                prediction_key=prediction_key(spec.label),
                example_weight_key=spec.evaluation.weight,
            )
        ],
        slicing_specs=[tfma.SlicingSpec(feature_keys=piece) for piece in _slices(spec)],
        metrics_specs=_metrics_specs(spec),
        options=_options(spec),
    )


def judging(spec: Spec) -> Judging | None:
    """What our own Evaluator is told beside it, if there is anything."""
    told = Judging(
        forced_by=spec.evaluation.forced_by,
        buckets=spec.evaluation.buckets,
        importance=spec.evaluation.importance,
    )
    return None if told == Judging() else told


def _options(spec: Spec) -> Any:
    """Nothing that is as TFMA has it by itself."""
    options: dict[str, Any] = {}
    if spec.evaluation.min_slice_rows > 1:
        options["min_slice_size"] = {"value": spec.evaluation.min_slice_rows}
    if spec.evaluation.intervals:
        options["compute_confidence_intervals"] = {"value": True}
        options["confidence_intervals"] = {
            "method": tfma.ConfidenceIntervalOptions.POISSON_BOOTSTRAP
        }
    return tfma.Options(**options) if options else None


def _slices(spec: Spec) -> list[tuple[str, ...]]:
    """All rows, then every slice that the spec or one of its rules names, once."""
    named = [*spec.evaluation.slices, *(r.slice for r in spec.evaluation.rules if r.slice)]
    return list(dict.fromkeys([(), *(as_columns(piece) for piece in named)]))


def _metrics_specs(spec: Spec) -> list[Any]:
    """The metrics; rows are counted without their weights."""
    # A threshold that always holds: without any, TFX's Evaluator blesses nothing.
    count = tfma.MetricConfig(
        class_name="ExampleCount",
        threshold=tfma.MetricThreshold(value_threshold={"lower_bound": {"value": 1}}),
    )
    metrics = [*_metrics(spec), *_plots(spec)]
    if spec.evaluation.weight is None:
        return [tfma.MetricsSpec(metrics=[count, *metrics])]
    unweighted = tfma.ExampleWeightOptions(unweighted=True)
    return [
        tfma.MetricsSpec(metrics=[count], example_weights=unweighted),
        tfma.MetricsSpec(metrics=metrics),
    ]


def _metrics(spec: Spec) -> Iterable[Any]:
    for name in metric_names(spec):
        made = metric(spec.label, name)
        assert made is not None  # a spec that names another is refused
        rules = [rule for rule in spec.evaluation.rules if rule.metric == name]
        yield tfma.MetricConfig(
            class_name=made.class_name,
            module=made.module,
            config=made.json(),
            per_slice_thresholds=[
                tfma.PerSliceMetricThreshold(
                    slicing_specs=[tfma.SlicingSpec(feature_keys=as_columns(rule.slice or ()))],
                    threshold=threshold,
                )
                for rule in rules
                for threshold in _thresholds(rule)
            ],
        )


def _plots(spec: Spec) -> Iterable[Any]:
    for class_name, settings in PLOTS.get(spec.label.task, {}).items():
        yield tfma.MetricConfig(class_name=class_name, config=json.dumps(settings))


def _thresholds(rule: Rule) -> Iterable[Any]:
    """A rule's bounds; TFMA takes a change in one direction at a time."""
    bounds = {"lower_bound": rule.min, "upper_bound": rule.max}
    value = {key: {"value": bound} for key, bound in bounds.items() if bound is not None}
    if value:
        yield tfma.MetricThreshold(value_threshold=value)
    changes = {
        tfma.MetricDirection.HIGHER_IS_BETTER: rule.change_min,
        tfma.MetricDirection.LOWER_IS_BETTER: rule.change_max,
    }
    for direction, bound in changes.items():
        if bound is not None:
            change = {"direction": direction, "absolute": {"value": bound}}
            yield tfma.MetricThreshold(change_threshold=change)
