"""Totals as TFMA's metrics and verdict, in the files that TFMA reads."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.evaluators import (
    confidence_intervals_util,
    metrics_validator,
    poisson_bootstrap,
)
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as tfma
from tensorflow_model_analysis.metrics import metric_specs, metric_types
from tensorflow_model_analysis.utils import model_util
from tensorflow_model_analysis.writers import eval_config_writer
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer as writer
from tfx.utils import io_utils

from components.evaluator.computations import Computations
from components.evaluator.slicing import SliceKey
from components.evaluator.totals import Totals

Sliced = tuple[SliceKey, dict[Any, Any]]  # TFMA's metrics of a slice


def results(
    totals: Totals, computations: Computations, eval_config: Any, samples: int = 0
) -> Iterator[Sliced]:
    """The metrics of each slice, by their keys, with the changes against the baseline.

    With samples of the bootstrap, each number has the interval that TFMA makes of them.
    """
    baseline = model_util.get_baseline_model_spec(eval_config)
    without_interval = metric_specs.metric_keys_to_skip_for_confidence_intervals(
        eval_config.metrics_specs, eval_config=eval_config
    )
    combine = poisson_bootstrap._BootstrapSampleCombineFn(samples, without_interval)
    sums = [each.settled() for each in totals.sums]
    cells = [tally.cells for tally in computations.tallies()]
    for key, place in sorted(totals.slices.items(), key=str):
        of_slice = [_part(*each, place, size) for each, size in zip(sums, cells, strict=True)]
        found = []
        for sample in range(1 + samples):
            metrics = computations.results(
                [
                    (cells, np.split(columns, 1 + samples, axis=1)[sample])
                    for cells, columns in of_slice
                ]
            )
            if baseline:
                metrics |= _changes(metrics, baseline.name)
            found.append(tfma._remove_private_metrics(key, metrics)[1])
        yield key, _with_intervals(found, combine) if samples else found[0]


def _with_intervals(found: list[dict[Any, Any]], combine: Any) -> dict[Any, Any]:
    """The metrics of the rows as they are, each with what the samples say of its error."""
    accumulator = combine.create_accumulator()
    for sample, metrics in enumerate(found, poisson_bootstrap._FULL_SAMPLE_ID):
        one = confidence_intervals_util.SampleMetrics(metrics, sample)
        accumulator = combine.add_input(accumulator, one)
    combined: dict[Any, Any] = combine.extract_output(accumulator)
    return combined


def _part(
    codes: np.ndarray, sums: np.ndarray, place: int, cells: int
) -> tuple[np.ndarray, np.ndarray]:
    """The cells and sums of one slice."""
    start, end = np.searchsorted(codes, [place * cells, (place + 1) * cells])
    return codes[start:end] - place * cells, sums[start:end]


def _changes(metrics: dict[Any, Any], baseline: str) -> dict[Any, Any]:
    """Each metric of the candidate less that of the baseline, as TFMA's AddDiffMetrics has it."""
    return {
        key.make_diff_key(): value - metrics[key.make_baseline_key(baseline)]
        for key, value in metrics.items()
        if key.model_name != baseline
        and not (key.is_diff or tfma._is_private_metrics(key))
        and key.make_baseline_key(baseline) in metrics
        and tfma._is_metric_diffable(value)
    }


def write(folder: str, sliced: list[Sliced], eval_config: Any, models: dict[str, str]) -> Any:
    """Writes what TFMA's writers do, for its `load_eval_result` and `load_validation_result`.

    Args:
        folder: of the ModelEvaluation.
        sliced: the metrics of each slice.
        eval_config: with TFMA's defaults in place.
        models: by name, the folders that the models were read from.

    Returns:
        TFMA's ValidationResult.
    """
    run = eval_config_writer._serialize_eval_run(
        eval_config, "<user provided PCollection>", "<unknown>", models
    )
    io_utils.write_string_file(os.path.join(folder, "eval_config.json"), run + "\n")
    kinds = {
        constants.METRICS_KEY: (metric_types.MetricKey, _metrics),
        constants.PLOTS_KEY: (metric_types.PlotKey, _plots),
        constants.ATTRIBUTIONS_KEY: (
            metric_types.AttributionsKey,
            writer.convert_slice_attributions_to_proto,
        ),
    }
    for name, (kind, to_proto) in kinds.items():
        protos = [to_proto(tfma._filter_by_key_type(each, kind)) for each in sliced]
        _records(os.path.join(folder, f"{name}-00000-of-00001.tfrecord"), protos)
    verdict = _verdict(sliced, eval_config)
    _records(os.path.join(folder, f"{constants.VALIDATIONS_KEY}.tfrecord"), [verdict])
    return verdict


def _metrics(sliced: Sliced) -> Any:
    return writer.convert_slice_metrics_to_proto(sliced, add_metrics_callbacks=[])


def _plots(sliced: Sliced) -> Any:
    return writer.convert_slice_plots_to_proto(sliced, add_metrics_callbacks=[])


def _verdict(sliced: list[Sliced], eval_config: Any) -> Any:
    combine = writer.CombineValidations(eval_config)
    verdict = combine.create_accumulator()
    for each in sliced:
        metrics = tfma._filter_by_key_type(each, metric_types.MetricKey)
        verdict = combine.add_input(
            verdict, metrics_validator.validate_metrics(metrics, eval_config)
        )
    return combine.extract_output(verdict)


def _records(path: str, protos: list[Any]) -> None:
    with tf.io.TFRecordWriter(path) as file:
        for proto in protos:
            file.write(proto.SerializeToString())
