"""The spec's rules and slices as TFMA's configuration."""

import json
from collections.abc import Iterable
from typing import Any

# The protos by their module: TFMA 0.52 does not offer all of them at its top.
from tensorflow_model_analysis.proto import config_pb2 as tfma

from modules.export import prediction_key
from modules.preprocessing import transformed
from pipeline.metrics import METRICS
from pipeline.spec import Rule, Spec, as_columns

Slice = tuple[str, ...]


def eval_config(spec: Spec) -> Any:
    """What Evaluator is told: metrics of the task, slices, and a threshold for each rule."""
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(
                signature_name="serving_default",
                preprocessing_function_names=["transform_features"],
                label_key=transformed(spec.label.column),
                prediction_key=prediction_key(spec.label),
            )
        ],
        slicing_specs=[tfma.SlicingSpec(feature_keys=piece) for piece in _slices(spec)],
        metrics_specs=[tfma.MetricsSpec(metrics=[*_metrics(spec)])],
    )


def _slices(spec: Spec) -> list[Slice]:
    """All rows, then every slice that the spec or one of its rules names, once."""
    named = [*spec.evaluation.slices, *(r.slice for r in spec.evaluation.rules if r.slice)]
    return list(dict.fromkeys([(), *(as_columns(piece) for piece in named)]))


def _metrics(spec: Spec) -> Iterable[Any]:
    # A threshold that always holds: without any, TFX's Evaluator blesses nothing.
    yield tfma.MetricConfig(
        class_name="ExampleCount",
        threshold=tfma.MetricThreshold(value_threshold={"lower_bound": {"value": 1}}),
    )
    for name, class_name in METRICS[spec.label.task].items():
        rules = [rule for rule in spec.evaluation.rules if rule.metric == name]
        yield tfma.MetricConfig(
            class_name=class_name,
            config=json.dumps({"name": name}),
            per_slice_thresholds=[
                tfma.PerSliceMetricThreshold(
                    slicing_specs=[tfma.SlicingSpec(feature_keys=as_columns(rule.slice or ()))],
                    threshold=threshold,
                )
                for rule in rules
                for threshold in _thresholds(rule)
            ],
        )


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
