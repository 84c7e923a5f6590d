"""Metrics of predicted numbers that TFMA lacks, as metrics of TFMA.

They are sums over rows, which `tallies.py` has for a batch: TFX's own Evaluator adds them up row by
row here, ours by columns, with the same functions.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis.metrics import metric_types, metric_util

from components.evaluator import tallies

Result = Callable[[Sequence[float]], float]


class Combiner(beam.CombineFn):
    """Adds up amounts of rows, and makes a number of the sums."""

    def __init__(
        self, key: metric_types.MetricKey, amounts: tallies.Amounts, result: Result, of: Any
    ) -> None:
        """Takes the metric's key, what a row adds, what the sums say, and what a row's numbers are.

        The last are the arguments of TFMA's `to_label_prediction_example_weight`.
        """
        self.amounts = amounts
        self._key, self._result, self._of = key, result, of

    def create_accumulator(self) -> Any:
        """Beam's: no rows."""
        return 0.0

    def add_input(self, sums: Any, row: metric_types.StandardMetricInputs) -> Any:
        """Beam's: the sums with a row."""
        for label, prediction, weight in metric_util.to_label_prediction_example_weight(
            row, **self._of, flatten=False
        ):
            _, amounts = self.amounts(np.reshape(label, -1), np.reshape(prediction, (1, -1)))
            sums = sums + amounts[0] * metric_util.safe_to_scalar(weight)
        return sums

    def merge_accumulators(self, accumulators: Iterable[Any]) -> Any:
        """Beam's: the sums of several."""
        return sum(accumulators)

    def extract_output(self, sums: Any) -> dict[metric_types.MetricKey, float]:
        """Beam's: the metric; NaN without rows."""
        return {self._key: float(self._result(sums)) if np.ndim(sums) else float("nan")}


class R2(metric_types.Metric):
    """1 - the sum of squared errors / that of always answering the mean of the labels."""

    def __init__(self, name: str = "r2") -> None:
        super().__init__(_computations(tallies.explained, _r2), name=name)


class Pinball(metric_types.Metric):
    """The mean cost of predicted quantiles (Koenker and Bassett, 1978), in the label's unit."""

    def __init__(
        self, quantiles: Sequence[float], places: Sequence[int] = (0,), name: str = "pinball"
    ) -> None:
        """Takes the quantiles, and the place of each among the model's outputs."""
        settings = {"quantiles": list(quantiles), "places": list(places)}
        super().__init__(_computations(tallies.pinball, _mean), name=name, **settings)


class Coverage(metric_types.Metric):
    """The share of labels that are at most the prediction: of a good quantile, the quantile."""

    def __init__(self, place: int = 0, name: str = "coverage") -> None:
        """Takes the place of the prediction among the model's outputs."""
        super().__init__(_computations(tallies.covered, _mean), name=name, place=place)


def _mean(sums: Sequence[float]) -> float:
    total, count = sums
    return total / count if count else float("nan")


def _r2(sums: Sequence[float]) -> float:
    errors, labels, squares, count = sums
    spread = squares - labels**2 / count if count else 0.0
    return 1 - errors / spread if spread > 0 else float("nan")


def _computations(amounts: Callable[..., Any], result: Result) -> Any:
    """What TFMA calls for each model: it finds in the signature what it may give."""

    def of_model(  # noqa: PLR0913, PLR0917
        name: str,
        eval_config: Any = None,
        model_name: str = "",
        output_name: str = "",
        sub_key: Any = None,
        aggregation_type: Any = None,
        class_weights: Any = None,
        example_weighted: bool = False,
        **settings: Any,
    ) -> list[metric_types.MetricComputation]:
        of = {"model_name": model_name, "output_name": output_name, "sub_key": sub_key}
        of |= {"example_weighted": example_weighted}
        key = metric_types.MetricKey(name, **of)
        of |= {"eval_config": eval_config, "class_weights": class_weights}
        of |= {"aggregation_type": aggregation_type}
        combiner = Combiner(key, functools.partial(amounts, **settings), result, of)
        return [metric_types.MetricComputation([key], preprocessors=None, combiner=combiner)]

    return metric_util.merge_per_key_computations(of_model)
