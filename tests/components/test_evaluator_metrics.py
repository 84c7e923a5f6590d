"""Metrics from totals are those that TFMA makes row by row."""

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
from modules.spec.label import Label
from pipeline.metrics import METRICS, metric

# TFMA divides by zero where a metric is undefined, and takes the logarithm of 0.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:tensorflow_model_analysis")

# Probabilities with ties, bounds, thresholds and the neighbours of thresholds. TensorFlow takes
# subnormal numbers for 0.
PROBABILITY = st.sampled_from([0.0, 1e-8, 0.25, 0.5, 0.50000006, 0.9999, 1.0]) | st.floats(
    0, 1, width=32, allow_subnormal=False
)
NUMBER = st.floats(-1e6, 1e6, width=32)
NO_BATCH = pa.record_batch({})  # totals are of answers alone
PLACE = st.sampled_from([None, "a", "b"])


AT_A_NUMBER = {
    "binary": ["precision@0.25", "recall@0.25"],
    "multiclass": ["accuracy@2"],
    "regression": ["pinball@0.9", "coverage"],
    "quantile": ["pinball@0.1", "pinball@0.9", "coverage@0.1", "coverage@0.9"],
}
LABELS = {
    "binary": Label(column="y", task="binary"),
    "multiclass": Label(column="y", task="multiclass", classes=("a", "b", "c")),
    "regression": Label(column="y", task="regression"),
    "quantile": Label(column="y", task="quantile", quantiles=(0.1, 0.9)),
}


def config(task, weighted=False):
    named = [config_pb2.MetricConfig(class_name="ExampleCount", config='{"name": "example_count"}')]
    for name in [*METRICS[task], *AT_A_NUMBER[task]]:
        made = metric(LABELS[task], name)
        named.append(
            config_pb2.MetricConfig(
                class_name=made.class_name, module=made.module, config=made.json()
            )
        )
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(example_weight_key="w" if weighted else None)],
        metrics_specs=[config_pb2.MetricsSpec(metrics=named)],
    )


def from_totals(task, labels, predictions, places, weights=None, pieces=2):
    """By slice and name, the metrics of rows that came in several batches to several workers."""
    eval_config = config(task, weights is not None)
    found = computations(eval_config, {"": task})
    total = Total(found.tallies(), [(), ("place",)])
    parts = []
    for part in np.array_split(np.arange(len(labels)), pieces):
        batch = Scored(
            rows=len(part),
            models={
                "": Answers(
                    labels[part], predictions[part], None if weights is None else weights[part]
                )
            },
            columns={"place": pa.array([places[row] for row in part], pa.string())},
            batch=NO_BATCH,
        )
        parts.append(total.add_input(total.create_accumulator(), batch))
    totals = total.extract_output(total.merge_accumulators(parts))
    return {
        key: {metric.name: value for metric, value in metrics.items()}
        for key, metrics in results(totals, found, eval_config)
    }


def by_rows(task, labels, predictions, weights=None):
    """By name, the metrics as TFMA combines them."""
    eval_config = config(task, weights is not None)
    found = stock._filter_and_separate_computations(
        metric_specs.to_computations(list(eval_config.metrics_specs), eval_config=eval_config)
    )
    metrics = {}
    for computation in found.non_derived_computations:
        combiner = computation.combiner
        combiner.setup()
        accumulator = combiner.create_accumulator()
        for place, (label, prediction) in enumerate(zip(labels, predictions, strict=True)):
            row = {
                tfma.constants.LABELS_KEY: np.array([label]),
                tfma.constants.PREDICTIONS_KEY: np.array(prediction),
                tfma.constants.EXAMPLE_WEIGHTS_KEY: (
                    None if weights is None else np.array([weights[place]])
                ),
            }
            accumulator = combiner.add_input(accumulator, metric_types.StandardMetricInputs(row))
        metrics.update(combiner.extract_output(accumulator))
    for computation in found.derived_computations:
        metrics.update(computation.result(metrics))
    return {key.name: value for key, value in metrics.items() if not key.name.startswith("_")}


def compare(task, labels, predictions, places, weights=None):
    found = from_totals(task, labels, predictions, places, weights)

    for place in {None, *places}:
        rows = [place in (None, other) for other in places]
        key = () if place is None else (("place", place),)
        expected = by_rows(
            task, labels[rows], predictions[rows], None if weights is None else weights[rows]
        )
        # TFMA adds up RMSE and what is sparse in float32, we in float64.
        assert found.pop(key) == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True)
    assert not found  # no slice that TFMA has not


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from([0, 1]), PROBABILITY, PLACE), min_size=1, max_size=12))
def test_metrics_of_a_probability_are_those_of_tfma(rows):
    labels, scores, places = zip(*rows, strict=True)

    compare("binary", np.array(labels), np.array(scores, np.float32)[:, None], places)


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(NUMBER | st.just(float("nan")), NUMBER, PLACE, st.sampled_from([0.0, 0.5, 3.0])),
        min_size=1,
        max_size=12,
    )
)
def test_metrics_of_weighted_rows_are_those_of_tfma(rows):
    labels, numbers, places, weights = zip(*rows, strict=True)

    predictions = np.array(numbers, np.float32)[:, None]
    compare("regression", np.array(labels, np.float32), predictions, places, np.array(weights))


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


@settings(max_examples=10)
@given(
    st.lists(
        st.tuples(NUMBER | st.just(float("nan")), st.tuples(NUMBER, NUMBER), PLACE),
        min_size=1,
        max_size=12,
    )
)
def test_metrics_of_quantiles_are_those_that_tfma_adds_up(rows):
    labels, numbers, places = zip(*rows, strict=True)

    compare("quantile", np.array(labels, np.float32), np.array(numbers, np.float32), places)


def test_metrics_of_quantiles_are_those_of_their_formulas():
    labels = np.array([0, 4], np.float32)
    numbers = np.array([[1, 3], [1, 3]], np.float32)

    found = from_totals("quantile", labels, numbers, [None] * 2)[()]

    # errors of 0.1: -1, 3: costs 0.9, 0.3; of 0.9: -3, 1: costs 0.3, 0.9
    assert found["pinball@0.1"] == pytest.approx((0.9 + 0.3) / 2)
    assert found["pinball@0.9"] == pytest.approx((0.3 + 0.9) / 2)
    assert found["pinball"] == pytest.approx(0.6)
    assert (found["coverage@0.1"], found["coverage@0.9"]) == (0.5, 0.5)


def test_metrics_of_a_number_are_those_of_their_formulas():
    labels = np.array([0, 1, 2, 5], np.float32)
    numbers = np.array([[1], [1], [1], [3]], np.float32)

    found = from_totals("regression", labels, numbers, [None] * 4)[()]

    # errors -1, 0, 1, 2: squares 6; labels less their mean 2: 4 + 1 + 0 + 9 = 14
    assert found["r2"] == pytest.approx(1 - 6 / 14)
    # costs 0.1 * 1, 0, 0.9 * 1, 0.9 * 2
    assert found["pinball@0.9"] == pytest.approx((0.1 + 0 + 0.9 + 1.8) / 4)
    assert found["coverage"] == 0.5  # 0 and 1 are at most 1


def test_bootstrap_intervals_are_as_wide_as_chance():
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 4000)
    said = np.where(random.random(4000) < 0.8, labels, 1 - labels)
    scores = (0.2 + 0.6 * said)[:, None].astype(np.float32)
    eval_config = config("binary")
    found = computations(eval_config, {"": "binary"})
    total = Total(found.tallies(), [()], samples=20)
    batch = Scored(len(labels), {"": Answers(labels, scores)}, {}, NO_BATCH)

    totals = [total.add_input(total.create_accumulator(), batch) for _ in range(2)]
    first, again = (dict(results(each, found, eval_config, 20))[()] for each in totals)

    accuracy = next(value for key, value in first.items() if key.name == "accuracy")
    # the standard error of a share: sqrt(0.8 * 0.2 / 4000); 20 samples tell it to a sixth
    assert accuracy.sample_standard_deviation == pytest.approx(0.0063, rel=0.5)
    assert accuracy.unsampled_value == pytest.approx((said == labels).mean())
    assert {key: float(value) for key, value in first.items()} == {
        key: float(value) for key, value in again.items()
    }
    assert accuracy == next(value for key, value in again.items() if key.name == "accuracy")


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
        batch = Scored(len(labels), {"": Answers(labels, scores)}, {}, NO_BATCH)
        totals = total.add_input(totals, batch)

    # one slice, whose rows are all in one bucket
    assert [len(sums.settled()[0]) for sums in totals.sums] == [1] * len(found.tallies())
