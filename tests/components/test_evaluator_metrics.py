"""Metrics from totals are those that TFMA makes row by row."""

import json

import keras  # noqa: F401  before TFMA, which else turns tf.keras into Keras 2
import numpy as np
import pyarrow as pa
import pytest
import tensorflow_model_analysis as tfma
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as stock
from tensorflow_model_analysis.metrics import metric_specs, metric_types
from tensorflow_model_analysis.proto import config_pb2

from components.evaluator.computations import computations
from components.evaluator.results import results
from components.evaluator.scoring import Answers, Scored
from components.evaluator.totals import Total
from pipeline.metrics import METRICS

# TFMA divides by zero where a metric is undefined, and takes the logarithm of 0.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:tensorflow_model_analysis")

# Probabilities with ties, bounds, thresholds and the neighbours of thresholds.
PROBABILITY = st.sampled_from([0.0, 1e-8, 0.25, 0.5, 0.50000006, 0.9999, 1.0]) | st.floats(
    0, 1, width=32
)
NUMBER = st.floats(-1e6, 1e6, width=32)
PLACE = st.sampled_from([None, "a", "b"])


def config(task):
    named = [
        config_pb2.MetricConfig(class_name=class_name, config=json.dumps({"name": name}))
        for name, class_name in {**METRICS[task], "example_count": "ExampleCount"}.items()
    ]
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec()],
        metrics_specs=[config_pb2.MetricsSpec(metrics=named)],
    )


def from_totals(task, labels, predictions, places, pieces=2):
    """By slice and name, the metrics of rows that came in several batches to several workers."""
    eval_config = config(task)
    found = computations(eval_config, {"": task})
    total = Total(found.tallies(), [(), ("place",)])
    parts = []
    for part in np.array_split(np.arange(len(labels)), pieces):
        batch = Scored(
            rows=len(part),
            models={"": Answers(labels[part], predictions[part])},
            columns={"place": pa.array([places[row] for row in part], pa.string())},
        )
        parts.append(total.add_input(total.create_accumulator(), batch))
    totals = total.extract_output(total.merge_accumulators(parts))
    return {
        key: {metric.name: value for metric, value in metrics.items()}
        for key, metrics in results(totals, found, eval_config)
    }


def by_rows(task, labels, predictions):
    """By name, the metrics as TFMA combines them."""
    eval_config = config(task)
    found = stock._filter_and_separate_computations(
        metric_specs.to_computations(list(eval_config.metrics_specs), eval_config=eval_config)
    )
    metrics = {}
    for computation in found.non_derived_computations:
        combiner = computation.combiner
        combiner.setup()
        accumulator = combiner.create_accumulator()
        for label, prediction in zip(labels, predictions, strict=True):
            row = {
                tfma.constants.LABELS_KEY: np.array([label]),
                tfma.constants.PREDICTIONS_KEY: np.array(prediction),
                tfma.constants.EXAMPLE_WEIGHTS_KEY: None,
            }
            accumulator = combiner.add_input(accumulator, metric_types.StandardMetricInputs(row))
        metrics.update(combiner.extract_output(accumulator))
    for computation in found.derived_computations:
        metrics.update(computation.result(metrics))
    return {key.name: value for key, value in metrics.items() if not key.name.startswith("_")}


def compare(task, labels, predictions, places):
    found = from_totals(task, labels, predictions, places)

    for place in {None, *places}:
        rows = [place in (None, other) for other in places]
        key = () if place is None else (("place", place),)
        expected = by_rows(task, labels[rows], predictions[rows])
        # TFMA adds up RMSE and what is sparse in float32, we in float64.
        assert found.pop(key) == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True)
    assert not found  # no slice that TFMA has not


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from([0, 1]), PROBABILITY, PLACE), min_size=1, max_size=12))
def test_metrics_of_a_probability_are_those_of_tfma(rows):
    labels, scores, places = zip(*rows, strict=True)

    compare("binary", np.array(labels), np.array(scores, np.float32)[:, None], places)


@settings(max_examples=10)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.tuples(PROBABILITY, PROBABILITY, PROBABILITY), PLACE),
        min_size=1,
        max_size=12,
    )
)
def test_metrics_of_classes_are_those_of_tfma(rows):
    labels, scores, places = zip(*rows, strict=True)

    compare("multiclass", np.array(labels), np.array(scores, np.float32), places)


@settings(max_examples=15)
@given(st.lists(st.tuples(NUMBER | st.just(float("nan")), NUMBER, PLACE), min_size=1, max_size=12))
def test_metrics_of_a_number_are_those_of_tfma_with_missing_labels_too(rows):
    labels, numbers, places = zip(*rows, strict=True)

    predictions = np.array(numbers, np.float32)[:, None]
    compare("regression", np.array(labels, np.float32), predictions, places)


def test_a_metric_without_a_value_is_nan_as_in_tfma():
    labels, scores = np.array([0, 0]), np.array([[0.1], [0.2]], np.float32)

    found = from_totals("binary", labels, scores, [None, None])[()]

    # nobody is positive, or said to be: 0 / 0
    assert np.isnan([found["precision"], found["recall"], found["calibration"]]).all()


def test_a_label_of_no_class_stops_the_evaluation_as_in_tfma():
    labels, scores = np.array([0, -1]), np.array([[0.1], [0.2]], np.float32)

    with pytest.raises(ValueError, match="1 rows of a batch have a label that is none of the"):
        from_totals("binary", labels, scores, [None, None])
    with pytest.raises(ValueError, match="label must be within"):
        by_rows("binary", labels, scores)


def test_a_probability_that_is_no_number_stops_the_evaluation_as_in_tfma():
    labels, scores = np.array([0, 1]), np.array([[0.1], [np.nan]], np.float32)

    with pytest.raises(ValueError, match="The model answers NaN for 1 rows"):
        from_totals("binary", labels, scores, [None, None])
    with pytest.raises(ValueError, match="NaN"):
        by_rows("binary", labels, scores)


def test_totals_do_not_grow_with_rows():
    labels, scores = np.array([0, 1] * 50_000), np.full((100_000, 1), 0.3, np.float32)
    found = computations(config("binary"), {"": "binary"})
    total = Total(found.tallies(), [()])
    totals = total.create_accumulator()

    for _ in range(5):
        batch = Scored(len(labels), {"": Answers(labels, scores)}, {})
        totals = total.add_input(totals, batch)

    # one slice, whose rows are all in one bucket
    assert [len(sums.settled()[0]) for sums in totals.sums] == [1] * len(found.tallies())
