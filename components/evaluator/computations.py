"""TFMA's metrics as totals and back.

TFMA (0.52) makes a metric of computations: some combine rows, others are derived from their
results. Those that combine rows are done here by tallies; their results, and all else, are TFMA's.
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from tensorflow_model_analysis.contrib.aggregates import binary_confusion_matrices as matrices
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as tfma
from tensorflow_model_analysis.metrics import (
    binary_confusion_matrices,
    calibration,
    calibration_histogram,
    cross_entropy_metrics,
    example_count,
    mean_regression_error,
    metric_specs,
    metric_types,
    tf_metric_wrapper,
)
from tensorflow_model_analysis.metrics import multi_class_confusion_matrix_metrics as of_classes

from components.evaluator import numbers, tallies
from components.evaluator.tallies import Tally

_ANY = frozenset({"binary", "multiclass", "regression", "quantile"})
_OF_ONE_NUMBER = frozenset({"binary", "regression"})
_NUMBER = frozenset({"regression", "quantile"})  # as the label


@dataclasses.dataclass(frozen=True)
class Form:
    """A combiner of TFMA as a tally."""

    amounts: tallies.Amounts
    accumulator: Callable[[np.ndarray, np.ndarray], Any]  # TFMA's, of cells and sums of a slice
    tasks: frozenset[str] = _OF_ONE_NUMBER
    cells: int = 1


@dataclasses.dataclass(frozen=True)
class Computations:
    """What an EvalConfig asks for."""

    combining: list[Any]  # TFMA's MetricComputations
    forms: list[Form]  # of each
    derived: list[Any]

    def tallies(self) -> list[Tally]:
        """What Beam adds up."""
        return [
            Tally(
                computation.keys[0].model_name,
                form.amounts,
                form.cells,
                bool(computation.keys[0].example_weighted),
            )
            for computation, form in zip(self.combining, self.forms, strict=True)
        ]

    def results(self, totals: list[tuple[np.ndarray, np.ndarray]]) -> dict[Any, Any]:
        """TFMA's metrics of a slice by key, from the cells and sums of each tally."""
        metrics: dict[Any, Any] = {}
        combined = zip(self.combining, self.forms, totals, strict=True)
        # TFMA divides by zero where a metric is undefined, and gives NaN.
        with np.errstate(divide="ignore", invalid="ignore"):
            for computation, form, (cells, sums) in combined:
                accumulator = form.accumulator(cells, sums)
                metrics.update(computation.combiner.extract_output(accumulator))
            for computation in self.derived:
                metrics.update(computation.result(metrics))
        return metrics


def computations(eval_config: Any, tasks: Mapping[str, str]) -> Computations | str:
    """What the config asks for, or why it cannot be had from totals.

    Args:
        eval_config: with TFMA's defaults in place.
        tasks: of each model, by its name there.
    """
    found = tfma._filter_and_separate_computations(
        metric_specs.to_computations(list(eval_config.metrics_specs), eval_config=eval_config)
    )
    if found.cross_slice_computations or found.ci_derived_computations:
        return "metrics across slices or of confidence intervals"
    forms = []
    for computation in found.non_derived_computations:
        form = _form(computation)
        if (
            form is None
            or not {tasks.get(key.model_name) for key in computation.keys} <= form.tasks
        ):
            return f"the metric {computation.keys[0].name}"
        computation.combiner.setup()
        forms.append(form)
    return Computations(found.non_derived_computations, forms, found.derived_computations)


def _form(computation: Any) -> Form | None:
    """The computation as a tally, if it is one of those of whole predictions."""
    standard = metric_types.StandardMetricInputsPreprocessor
    if any(type(each) is not standard for each in computation.preprocessors or ()):
        return None
    for key in computation.keys:
        if key.sub_key or key.aggregation_type or key.output_name:
            return None
    make = _FORMS.get(type(computation.combiner))
    return make(computation.combiner) if make else None


def _count(combiner: Any) -> Form:
    del combiner
    return Form(tallies.count, lambda _, sums: sums[0, 0].item(), _ANY)


def _histogram(combiner: Any) -> Form | None:
    if not (combiner._fractional_labels and combiner._prediction_based_bucketing):
        return None
    bounds = {"left": combiner._left, "width": combiner._range}
    return Form(
        functools.partial(tallies.histogram, buckets=combiner._num_buckets, **bounds),
        lambda cells, sums: {
            cell: calibration_histogram.Bucket(cell, *amounts)
            for cell, amounts in zip(cells.tolist(), sums.tolist(), strict=True)
        },
        frozenset({"binary"}),
        cells=combiner._num_buckets + 2,
    )


def _confusion_of_classes(combiner: Any) -> Form | None:
    if combiner._thresholds != [0.0]:
        return None

    def accumulator(cells: np.ndarray, sums: np.ndarray) -> Any:
        actual, said = np.divmod(cells, tallies.CLASSES)
        entries = map(of_classes.MatrixEntryKey, (actual - 1).tolist(), (said - 1).tolist())
        return of_classes.Matrices({0.0: dict(zip(entries, sums[:, 0].tolist(), strict=True))})

    amounts, cells = tallies.confusion_of_classes, tallies.CLASSES**2
    return Form(amounts, accumulator, frozenset({"multiclass"}), cells)


def _confusion(combiner: Any) -> Form | None:
    if combiner._example_id_key or not combiner._enable_fractional_labels:
        return None
    thresholds = combiner._binary_confusion_matrices._thresholds
    return Form(
        functools.partial(tallies.confusion, thresholds=thresholds),
        lambda _, sums: {
            threshold: matrices._ThresholdEntry(matrices.Matrix(*amounts), [], [], [], [])
            for threshold, amounts in zip(thresholds, sums[0].reshape(-1, 4).tolist(), strict=True)
        },
        frozenset({"binary"}),
    )


def _cross_entropy(combiner: Any) -> Form | None:
    if combiner._from_logits or combiner._label_smoothing:
        return None
    fields = ("total_cross_entropy", "total_example_weights")
    return Form(tallies.binary_cross_entropy, _filling(combiner, *fields))


def _label_and_prediction(combiner: Any) -> Form:
    fields = ("total_weighted_labels", "total_weighted_predictions", "total_weighted_examples")
    return Form(tallies.label_and_prediction, _filling(combiner, *fields))


def _regression_error(amounts: tallies.Amounts) -> Callable[[Any], Form]:
    fields = ("total_regression_error", "total_example_weights")
    return lambda combiner: Form(amounts, _filling(combiner, *fields))


def _filling(combiner: Any, *fields: str) -> Callable[[np.ndarray, np.ndarray], Any]:
    """Makes an accumulator whose fields are the sums."""

    def fill(cells: np.ndarray, sums: np.ndarray) -> Any:
        del cells
        accumulator = combiner.create_accumulator()
        for field, amount in zip(fields, sums[0].tolist(), strict=True):
            setattr(accumulator, field, amount)
        return accumulator

    return fill


def _keras_means(combiner: Any) -> Form | None:
    """Metrics of Keras that are means over rows: their weights are a total and a count."""
    configs = list(itertools.chain(*combiner._metric_configs))
    names = [config["class_name"] for config in configs]
    tasks = [_KERAS_TASKS.get(name, frozenset()) for name in names]
    if any(combiner._loss_configs) or not all(map(_has_defaults, configs)):
        return None

    def accumulator(cells: np.ndarray, sums: np.ndarray) -> Any:
        del cells
        *totals, count = sums[0]
        made = combiner.create_accumulator()
        for place, total in enumerate(totals):
            made.add_weights(0, place, np.array([total, count]))
        return made

    values = tuple(
        _keras_mean(config) for config in configs if config["class_name"] in _KERAS_TASKS
    )
    amounts = functools.partial(tallies.means, of=values)
    return Form(amounts, accumulator, frozenset.intersection(*tasks))


def _keras_mean(config: dict[str, Any]) -> tallies.Mean:
    if config["class_name"] == _TOP_K:
        return functools.partial(tallies.is_among_likeliest, k=config["config"]["k"])
    return tallies.KERAS_MEANS[config["class_name"]]


def _has_defaults(config: dict[str, Any]) -> bool:
    usual = {"from_logits": False, "ignore_class": None, "axis": -1}
    return all(usual.get(name, value) == value for name, value in config["config"].items())


_TOP_K = "SparseTopKCategoricalAccuracy"
_KERAS_TASKS = {
    _TOP_K: frozenset({"multiclass"}),
    "RootMeanSquaredError": _OF_ONE_NUMBER,
    "SparseCategoricalAccuracy": frozenset({"multiclass"}),
    "SparseCategoricalCrossentropy": frozenset({"multiclass"}),
}
_FORMS: dict[type, Callable[[Any], Form | None]] = {
    example_count._ExampleCountCombiner: _count,
    calibration_histogram._CalibrationHistogramCombiner: _histogram,
    binary_confusion_matrices._BinaryConfusionMatrixCombiner: _confusion,
    of_classes._MultiClassConfusionMatrixCombiner: _confusion_of_classes,
    cross_entropy_metrics._BinaryCrossEntropyCombiner: _cross_entropy,
    calibration._WeightedLabelsPredictionsExamplesCombiner: _label_and_prediction,
    mean_regression_error._MeanAbsoluteErrorCombiner: _regression_error(tallies.absolute_error),
    mean_regression_error._MeanSquaredErrorCombiner: _regression_error(tallies.squared_error),
    tf_metric_wrapper._CompilableMetricsCombiner: _keras_means,
    numbers.Combiner: lambda combiner: Form(combiner.amounts, lambda _, sums: sums[0], _NUMBER),
}
