"""The spec's rules as TFMA reads them, and what TFMA found in the words of the spec."""

import json
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_model_analysis.evaluators.metrics_validator import validate_metrics
from tensorflow_model_analysis.metrics.metric_specs import metric_thresholds_from_metrics_specs
from tensorflow_model_analysis.metrics.metric_types import MetricKey
from tensorflow_model_analysis.proto import config_pb2, validation_result_pb2
from tensorflow_model_analysis.utils import config_util

from pipeline.evaluation import eval_config
from pipeline.metrics import HEADLINE, METRICS
from pipeline.verdict import broken_rules

UP, DOWN = config_pb2.MetricDirection.HIGHER_IS_BETTER, config_pb2.MetricDirection.LOWER_IS_BETTER
AUC = "evaluation.rules=[{{metric='auc', {}}}]"


@pytest.fixture
def config(read):
    return lambda *overrides: eval_config(read(*overrides))


def thresholds(config):
    """By metric: of each of its thresholds, the slice and what is asked."""
    found: dict[str, list[Any]] = {}
    for metric in config.metrics_specs[0].metrics:
        name = json.loads(metric.config or "{}").get("name", metric.class_name)
        for each in metric.per_slice_thresholds:
            (piece,) = each.slicing_specs
            found.setdefault(name, []).append((tuple(piece.feature_keys), each.threshold))
    return found


def test_the_model_is_asked_as_users_ask_it(config):
    (model,) = config("label.column=arrived late").model_specs

    assert model.signature_name == "serving_default"
    assert list(model.preprocessing_function_names) == ["transform_features"]
    assert model.label_key == "arrived late_xf"


@pytest.mark.parametrize(
    ("label", "key", "headline"),
    [
        ("{column='y', task='binary'}", "probability", "auc"),
        ("{column='y', task='multiclass', classes=['a', 'b', 'c']}", "probabilities", "accuracy"),
        ("{column='y', task='regression'}", "prediction", "rmse"),
    ],
)
def test_every_metric_of_the_task_is_computed_on_its_prediction(config, label, key, headline):
    task = label.split("'")[3]

    found = config(f"label={label}")

    assert found.model_specs[0].prediction_key == key
    names = [metric.class_name for metric in found.metrics_specs[0].metrics]
    assert names == ["ExampleCount", *METRICS[task].values()]
    assert HEADLINE[task] == headline
    assert headline in METRICS[task]


@pytest.mark.parametrize("task", list(METRICS))
def test_tfma_knows_every_metric_under_the_name_of_the_spec(config, task):
    classes = "classes=['a', 'b', 'c']," if task == "multiclass" else ""
    rules = [f"{{metric='{name}', min=0, change_min=0}}" for name in METRICS[task]]

    found = config(
        f"label={{column='y', {classes} task='{task}'}}", f"evaluation.rules=[{', '.join(rules)}]"
    )

    # TFMA makes the metric objects here, and raises for a class that it does not have.
    known = metric_thresholds_from_metrics_specs(found.metrics_specs, eval_config=found)
    assert {key.name for key in known} == {*METRICS[task], "example_count"}
    config_util.verify_eval_config(found)


def test_all_rows_are_a_slice_and_each_slice_is_there_once(config):
    found = config(
        "evaluation.slices=['carrier', ['carrier', 'origin'], 'carrier']",
        "evaluation.rules=[{metric='auc', min=0.5, slice='carrier'}, "
        "{metric='auc', min=0.5, slice='dest'}]",
    )

    assert [list(piece.feature_keys) for piece in found.slicing_specs] == [
        [],
        ["carrier"],
        ["carrier", "origin"],
        ["dest"],
    ]


def test_a_bound_is_on_all_rows_unless_a_slice_is_named(config):
    found = thresholds(
        config(
            "evaluation.rules=[{metric='auc', min=0.65}, {metric='auc', slice='origin', min=0.6}, "
            "{metric='recall', slice=['carrier', 'origin'], min=0.1, max=0.9}]"
        )
    )

    assert list(found) == ["auc", "recall"]
    (everywhere, all_rows), (by_origin, at_origin) = found["auc"]
    assert (everywhere, by_origin) == ((), ("origin",))
    assert all_rows.value_threshold.lower_bound.value == 0.65
    assert not all_rows.value_threshold.HasField("upper_bound")
    assert at_origin.value_threshold.lower_bound.value == 0.6
    ((crossed, recall),) = found["recall"]
    assert crossed == ("carrier", "origin")
    assert recall.value_threshold.lower_bound.value == 0.1
    assert recall.value_threshold.upper_bound.value == 0.9


def test_a_bound_of_0_is_a_bound(config):
    ((_, threshold),) = thresholds(config(AUC.format("min=0")))["auc"]

    assert threshold.value_threshold.HasField("lower_bound")


@pytest.mark.parametrize(
    ("bound", "direction", "value"),
    [("change_min=-0.005", UP, -0.005), ("change_max=0.01", DOWN, 0.01), ("change_min=0", UP, 0)],
)
def test_a_change_has_a_direction(config, bound, direction, value):
    ((_, threshold),) = thresholds(config(AUC.format(bound)))["auc"]

    assert not threshold.HasField("value_threshold")
    assert threshold.change_threshold.direction == direction
    assert threshold.change_threshold.absolute.value == value


def test_a_rule_may_bound_value_and_change(config):
    found = thresholds(config(AUC.format("min=0.6, change_min=-0.1, change_max=0.1")))["auc"]

    # TFMA takes one of them a threshold, and a change in one direction at a time.
    value, up, down = (threshold for _, threshold in found)
    assert value.HasField("value_threshold")
    assert (up.change_threshold.direction, down.change_threshold.direction) == (UP, DOWN)


def test_without_rules_a_model_with_rows_to_judge_by_is_blessed(config):
    result = validate_metrics(((), {MetricKey("example_count"): 1.0}), config())

    assert result.validation_ok
    assert broken_rules(result) == []


@pytest.fixture
def verdict(config):
    """The rules that a model breaks, judged by TFMA: the metric's value, or its change."""

    def verdict(bound, value, slice_key=(), piece="", change=False):
        found = config_util.update_eval_config_with_defaults(
            config(f"evaluation.rules=[{{metric='auc', {bound}{piece}}}]"), has_baseline=change
        )
        judged = metric_thresholds_from_metrics_specs(found.metrics_specs, eval_config=found)
        metrics = {key: value if key.is_diff or not change else 0.7 for key in judged}
        metrics |= {key: 10.0 for key in judged if key.name == "example_count"}
        return broken_rules(validate_metrics((slice_key, metrics), found))

    return verdict


@pytest.mark.parametrize(
    ("bound", "value", "said"),
    [
        ("min=0.65", 0.65, []),
        ("min=0.65", 0.64, ["auc is 0.64, expected at least 0.65"]),
        ("max=0.65", 0.66, ["auc is 0.66, expected at most 0.65"]),
        ("min=0.2, max=0.4", 0.5, ["auc is 0.5, expected at least 0.2 and at most 0.4"]),
        ("min=0.5", float("nan"), ["auc is nan, expected at least 0.5"]),
        ("min=0.123456", 0.1234321, ["auc is 0.1234, expected at least 0.123456"]),
    ],
)
def test_a_broken_bound_is_told_with_value_and_bound(verdict, bound, value, said):
    assert verdict(bound, value) == said


@pytest.mark.parametrize(
    ("bound", "change", "said"),
    [
        ("change_min=-0.005", -0.005, []),
        ("change_min=-0.005", -0.02, ["auc changed by -0.02, expected at least -0.005"]),
        ("change_min=0.01", 0.001, ["auc changed by +0.001, expected at least +0.01"]),
        ("change_max=0.1", 0.2, ["auc changed by +0.2, expected at most +0.1"]),
    ],
)
def test_a_broken_change_is_told_with_change_and_bound(verdict, bound, change, said):
    assert verdict(bound, change, change=True) == said


def test_a_rule_of_a_slice_is_judged_on_each_of_its_values(verdict):
    piece = ", slice=['carrier', 'origin']"
    united = (("carrier", b"UA"), ("origin", "Zürich".encode()))

    assert verdict("min=0.65", 0.6, united, piece=piece) == [
        "auc where carrier = UA, origin = Zürich is 0.6, expected at least 0.65"
    ]
    assert verdict("min=0.65", 0.6, (), piece=piece) == []


def result(text):
    return text_format.Parse(text, validation_result_pb2.ValidationResult())


def test_every_broken_rule_of_every_slice_is_told():
    failure = """
      failures { metric_key { name: "%s" } metric_value { double_value { value: %s } }
        metric_threshold { value_threshold { lower_bound { value: 0.5 } } } }
    """
    found = result(
        "metric_validations_per_slice { slice_key {} "
        + failure % ("auc", 0.4)
        + failure % ("recall", 0.3)
        + "} metric_validations_per_slice { "
        + "slice_key { single_slice_keys { column: 'hour' int64_value: 7 } }"
        + failure % ("auc", 0.2)
        + "}"
    )

    assert broken_rules(found) == [
        "auc is 0.4, expected at least 0.5",
        "recall is 0.3, expected at least 0.5",
        "auc where hour = 7 is 0.2, expected at least 0.5",
    ]


def test_a_slice_without_rows_is_told():
    found = result("missing_slices { feature_keys: 'carrier' feature_keys: 'origin' }")

    assert broken_rules(found) == ["no rows of slice carrier, origin to judge by"]


def test_a_refusal_without_a_reason_is_told():
    assert broken_rules(result("validation_ok: false")) == [
        "Evaluator refused the model without naming a rule"
    ]


def test_a_blessed_model_breaks_no_rule():
    assert broken_rules(result("validation_ok: true")) == []
