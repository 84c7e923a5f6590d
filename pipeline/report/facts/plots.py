"""Curves and tables of an evaluation, as TFMA's plots have them."""

import dataclasses
import math
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.report.facts import tfma_records


@dataclasses.dataclass(frozen=True)
class Threshold:
    """How many rows are right and wrong when scores above a threshold count as positive."""

    threshold: float
    true_positives: float
    false_positives: float
    true_negatives: float
    false_negatives: float


@dataclasses.dataclass(frozen=True)
class Bucket:
    """Rows whose scores lie close together."""

    low: float  # where the range begins, from 0 to 1
    high: float  # and where it ends
    predicted: float  # mean score
    observed: float  # share of positives
    rows: float


@dataclasses.dataclass(frozen=True)
class Confused:
    """Rows of one class that were taken for a class."""

    actual: str
    predicted: str
    rows: float


def of_all_rows(folder: pathlib.Path) -> list[Any]:
    """TFMA's plots of all rows of the eval split, those of the candidate.

    Raises:
        Unreadable: if a file is not whole.
    """
    found = []
    for proto in tfma_records.plots(folder):
        if not proto.slice_key.single_slice_keys:
            for each in proto.plot_keys_and_values:
                if each.key.model_name in ("", "candidate"):
                    found.append(each.value)
    return found


def thresholds(plot: Any) -> Iterator[Threshold]:
    """How many rows are right and wrong at each threshold, the lowest first."""
    for each in plot.confusion_matrix_at_thresholds.matrices:
        if math.isfinite(each.threshold):
            yield Threshold(
                threshold=min(max(each.threshold, 0.0), 1.0),  # TFMA's first is just below 0
                true_positives=each.true_positives,
                false_positives=each.false_positives,
                true_negatives=each.true_negatives,
                false_negatives=each.false_negatives,
            )


def calibration(plot: Any) -> Iterator[Bucket]:
    """Scores and labels of the ranges of scores that have rows."""
    for each in plot.calibration_histogram_buckets.buckets:
        rows = each.num_weighted_examples.value
        if rows > 0:
            yield Bucket(
                low=min(max(each.lower_threshold_inclusive, 0.0), 1.0),  # TFMA's first begins
                high=min(max(each.upper_threshold_exclusive, 0.0), 1.0),  # and last ends nowhere
                predicted=each.total_weighted_refined_prediction.value / rows,
                observed=each.total_weighted_label.value / rows,
                rows=rows,
            )


def confused(plot: Any, classes: Sequence[str]) -> Iterator[Confused]:
    """How many rows of each class were taken for each; pairs without rows are left out."""
    matrices = plot.multi_class_confusion_matrix_at_thresholds.matrices

    def name(place: int) -> str:
        if place < 0:
            return "none"  # no score above the threshold
        return classes[place] if place < len(classes) else str(place)

    for each in matrices[0].entries if matrices else ():
        rows = each.num_weighted_examples
        yield Confused(name(each.actual_class_id), name(each.predicted_class_id), rows)
