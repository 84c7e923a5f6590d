"""The spec's rules as TFMA reads them, and what TFMA found in the words of the spec."""

import json
from typing import Any

import pytest
from tensorflow_model_analysis.metrics.metric_specs import metric_thresholds_from_metrics_specs
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import config_util

from pipeline.evaluation import eval_config, judging
from pipeline.metrics import HEADLINE, METRICS, PLOTS

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
        ("{column='y', task='quantile', quantiles=[0.1, 0.9]}", "quantiles", "pinball"),
    ],
)
def test_every_metric_of_the_task_is_computed_on_its_prediction(config, label, key, headline):
    task = label.split("'")[3]

    found = config(f"label={label}")

    assert found.model_specs[0].prediction_key == key
    names = [metric.class_name for metric in found.metrics_specs[0].metrics]
    of_quantiles = ["Pinball", "Coverage"] * 2 if task == "quantile" else []
    assert names == ["ExampleCount", *METRICS[task].values(), *of_quantiles, *PLOTS.get(task, ())]
    assert HEADLINE[task] == headline
    assert headline in METRICS[task]


@pytest.mark.parametrize("task", list(METRICS))
def test_tfma_knows_every_metric_under_the_name_of_the_spec(config, task):
    classes = "classes=['a', 'b', 'c']," if task == "multiclass" else ""
    classes += "quantiles=[0.5]," if task == "quantile" else ""
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


def test_without_rules_there_is_a_threshold_so_that_evaluator_blesses(config):
    found = metric_thresholds_from_metrics_specs(config().metrics_specs, eval_config=config())

    assert [key.name for key in found] == ["example_count"]


@pytest.mark.parametrize(
    ("label", "name", "class_name", "setting"),
    [
        ("{column='y', task='binary'}", "precision@0.3", "Precision", {"thresholds": 0.3}),
        ("{column='y', task='binary'}", "recall@0.25", "Recall", {"thresholds": 0.25}),
        (
            "{column='y', task='multiclass', classes=['a', 'b', 'c']}",
            "accuracy@2",
            "SparseTopKCategoricalAccuracy",
            {"k": 2},
        ),
        ("{column='y', task='regression'}", "pinball@0.9", "Pinball", {"quantiles": [0.9]}),
    ],
)
def test_a_metric_may_be_asked_for_at_a_number(config, label, name, class_name, setting):
    for key in (f"evaluation.metrics=['{name}']", f"evaluation.rules=[{{metric='{name}', min=0}}]"):
        found = config(f"label={label}", key)

        (made,) = [
            metric
            for metric in found.metrics_specs[0].metrics
            if json.loads(metric.config or "{}").get("name") == name
        ]
        assert made.class_name == class_name
        assert json.loads(made.config) == {"name": name, **setting}
        metric_thresholds_from_metrics_specs(found.metrics_specs, eval_config=found)  # TFMA knows


def test_a_model_of_a_quantile_is_judged_as_one(config):
    found = config(
        "label={column='y', task='regression'}", "training.loss={name='quantile', quantile=0.9}"
    )

    names = [json.loads(each.config or "{}").get("name") for each in found.metrics_specs[0].metrics]
    assert {"pinball@0.9", "coverage"} < set(names)


def test_options_of_tfma_are_left_alone_unless_the_spec_asks(config):
    asked = config("evaluation.min_slice_rows=50", "evaluation.intervals=true").options

    assert not config().HasField("options")
    assert asked.min_slice_size.value == 50
    assert asked.compute_confidence_intervals.value
    bootstrap = config_pb2.ConfidenceIntervalOptions.POISSON_BOOTSTRAP
    assert asked.confidence_intervals.method == bootstrap


def test_rows_may_have_weights(config):
    weighted = config("evaluation.weight='seats'")

    assert weighted.model_specs[0].example_weight_key == "seats"
    count, others = weighted.metrics_specs
    assert [metric.class_name for metric in count.metrics] == ["ExampleCount"]
    assert count.example_weights.unweighted  # rows are rows
    assert not others.HasField("example_weights")
    assert config().model_specs[0].example_weight_key == ""


def test_what_tfma_has_no_place_for_is_told_to_our_evaluator_alone(read):
    forced = read("evaluation.forced_by='anna: the label moved'")
    ranges = read("evaluation.slices=['distance']", "evaluation.buckets={distance=[500, 1000]}")

    assert judging(read()) is None
    assert judging(forced).forced_by == "anna: the label moved"
    assert judging(ranges).buckets == {"distance": (500.0, 1000.0)}
    assert not judging(read("evaluation.importance=false")).importance
