"""What StatisticsGen and Evaluator write, with figures of a test's own."""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
from tensorflow_metadata.proto.v0 import statistics_pb2
from tensorflow_model_analysis.proto import metrics_for_slice_pb2 as tfma

HISTOGRAM = statistics_pb2.Histogram


def text_column(dataset: Any, name: str, counts: Mapping[str, int]) -> None:
    """Adds a column of text, with how often each value is there."""
    feature = dataset.features.add(type=statistics_pb2.FeatureNameStatistics.STRING)
    feature.path.step.append(name)
    found = feature.string_stats
    found.unique = len(counts)
    found.common_stats.num_non_missing = found.common_stats.tot_num_values = sum(counts.values())
    for label, count in counts.items():
        found.rank_histogram.buckets.add(label=label, sample_count=count)


def number_column(dataset: Any, name: str, buckets: Sequence[tuple[float, float, float]]) -> None:
    """Adds a column of numbers: from, to, and how many."""
    feature = dataset.features.add(type=statistics_pb2.FeatureNameStatistics.FLOAT)
    feature.path.step.append(name)
    found = feature.num_stats
    found.common_stats.num_non_missing = int(sum(count for _, _, count in buckets))
    found.min, found.max = buckets[0][0], buckets[-1][1]
    for kind in (HISTOGRAM.STANDARD, HISTOGRAM.QUANTILES):
        histogram = found.histograms.add(type=kind)
        for low, high, count in buckets:
            histogram.buckets.add(low_value=low, high_value=high, sample_count=count)


def write_statistics(folder: pathlib.Path, splits: Mapping[str, Any]) -> None:
    """Writes the statistics of each split, and no others."""
    for split, dataset in splits.items():
        path = folder / f"Split-{split}" / "FeatureStats.pb"
        path.parent.mkdir(exist_ok=True)
        found = statistics_pb2.DatasetFeatureStatisticsList(datasets=[dataset])
        path.write_bytes(found.SerializeToString())


def dataset(rows: int) -> Any:
    """Statistics of a split, without columns."""
    return statistics_pb2.DatasetFeatureStatistics(num_examples=rows)


def write_evaluation(folder: pathlib.Path, slices: Sequence[Any], plots: Sequence[Any]) -> None:
    """Writes metrics and plots as TFMA's writers name them."""
    for name, protos in (("metrics", slices), ("plots", plots)):
        path = folder / f"{name}-00000-of-00001.tfrecord"
        with tf.io.TFRecordWriter(str(path)) as file:
            for proto in protos:
                file.write(proto.SerializeToString())


def metrics(key: Mapping[str, str], values: Mapping[str, float], **more: float) -> Any:
    """The metrics of a slice; `more` are those of the baseline."""
    proto = tfma.MetricsForSlice()
    for column, value in key.items():
        proto.slice_key.single_slice_keys.add(column=column, bytes_value=value.encode())
    for model, numbers in (("", values), ("baseline", more)):
        for name, number in numbers.items():
            each = proto.metric_keys_and_values.add()
            each.key.name, each.key.model_name = name, model
            each.value.double_value.value = number
    return proto


def confusion(counts: Mapping[tuple[int, int], float]) -> Any:
    """The plots of all rows: actual and predicted class, and how many."""
    proto = tfma.PlotsForSlice()
    plot = proto.plot_keys_and_values.add().value
    matrix = plot.multi_class_confusion_matrix_at_thresholds.matrices.add()
    for (actual, predicted), rows in counts.items():
        matrix.entries.add(
            actual_class_id=actual, predicted_class_id=predicted, num_weighted_examples=rows
        )
    return proto


def thresholds(matrices: Sequence[tuple[float, float, float, float, float]]) -> Any:
    """The plots of all rows: threshold, true and false positives, true and false negatives."""
    proto = tfma.PlotsForSlice()
    plot = proto.plot_keys_and_values.add().value
    for threshold, right, wrong, left, missed in matrices:
        plot.confusion_matrix_at_thresholds.matrices.add(
            threshold=threshold,
            true_positives=right,
            false_positives=wrong,
            true_negatives=left,
            false_negatives=missed,
        )
    for low in (0.0, 0.5):
        bucket = plot.calibration_histogram_buckets.buckets.add()
        bucket.lower_threshold_inclusive, bucket.upper_threshold_exclusive = low, low + 0.05
        bucket.num_weighted_examples.value = 4
        bucket.total_weighted_label.value = 1 + 4 * low
        bucket.total_weighted_refined_prediction.value = 1 + 4 * low
    return proto


def write_spec(run: pathlib.Path, **tables: Any) -> None:
    """Lays tables over the spec that a run was asked for, so that it is a whole one."""
    path = run / "request.json"
    request = json.loads(path.read_text())
    split = {"by": "hash", "train": 0.8, "eval": 0.2}
    spec = {
        "name": "birds",
        "data": {"source": "birds.csv", "split": split},
        "label": {"column": "rare", "task": "binary"},
        "features": {"mass": {"kind": "numeric", "unit": "g"}},
        **tables,
    }
    request["spec"] = json.dumps(spec)
    path.write_text(json.dumps(request))
