"""What Evaluator found, in figures and sentences."""

from typing import Any

import tensorflow_model_analysis as tfma

from pipeline.metrics import METRICS


def overall_metrics(evaluation: str) -> dict[str, float]:
    """By the spec's name, each metric of the candidate on all rows of the eval split."""
    result = tfma.load_eval_result(evaluation)
    found = result.get_metrics_for_slice() or {}
    named = [name for of_task in METRICS.values() for name in of_task]
    # TFMA hands on JSON's text for numbers that JSON has not: "NaN", "Infinity".
    return {
        name: float(found[name]["doubleValue"]) for name in dict.fromkeys(named) if name in found
    }


def broken_rules(validation: Any) -> list[str]:
    """A sentence for each rule that the candidate breaks; empty when it is blessed."""
    sentences = []
    for of_slice in validation.metric_validations_per_slice:
        where = _slice(of_slice.slice_key)
        for failure in of_slice.failures:
            sentences.append(f"{failure.metric_key.name}{where}{_bound(failure)}")
    for missing in validation.missing_slices:
        sentences.append(f"no rows of slice {', '.join(missing.feature_keys)} to judge by")
    if not validation.validation_ok and not sentences:
        sentences.append("Evaluator refused the model without naming a rule")
    return sentences


def _slice(key: Any) -> str:
    parts = []
    for single in key.single_slice_keys:
        kind = single.WhichOneof("kind")
        value = getattr(single, kind)
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        parts.append(f"{single.column} = {text}")
    return f" where {', '.join(parts)}" if parts else ""


def _bound(failure: Any) -> str:
    value, threshold = failure.metric_value.double_value.value, failure.metric_threshold
    if threshold.HasField("change_threshold"):
        change = threshold.change_threshold
        least = change.direction == tfma.proto.config_pb2.MetricDirection.HIGHER_IS_BETTER
        bound = "at least" if least else "at most"
        return f" changed by {value:+.4g}, expected {bound} {change.absolute.value:+g}"
    bounds = threshold.value_threshold
    expected = []
    if bounds.HasField("lower_bound"):
        expected.append(f"at least {bounds.lower_bound.value:g}")
    if bounds.HasField("upper_bound"):
        expected.append(f"at most {bounds.upper_bound.value:g}")
    return f" is {value:.4g}, expected {' and '.join(expected)}"
