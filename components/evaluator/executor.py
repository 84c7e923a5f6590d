"""Judges a model by rows that stay in columns, and writes what TFX's Evaluator writes."""

import logging
import os
from typing import Any

import apache_beam as beam
from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.writers import eval_config_writer
from tfx.components.evaluator import constants, executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types import standard_component_specs as keys
from tfx.utils import io_utils, json_utils

from components.columns import ReadSplits
from components.evaluator import wrong
from components.evaluator.config import WRONG, Judging
from components.evaluator.explaining import Explain
from components.evaluator.judging import judge
from components.evaluator.results import results, write
from components.evaluator.scope import ByRows, Plan, given_config, plan
from components.evaluator.scoring import Model, Score
from components.evaluator.totals import Total, Totals, keep, kept
from components.evaluator.verdict import Verdict
from modules.progress import LOGGER

_LOG = logging.getLogger(__name__)


class Executor(executor.Executor):
    """TFX's Evaluator in columns: Beam adds up what TFMA then makes metrics of.

    What is not done in columns is left to TFX's own executor; the log says why.
    """

    def Do(  # noqa: N802  TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component."""
        settings = Judging.of(exec_properties)
        evaluation = artifact_utils.get_single_uri(output_dict[keys.EVALUATION_KEY])
        try:
            found = plan(input_dict, exec_properties)
        except ByRows as reason:
            if settings.buckets:
                raise ValueError(
                    f"Slices by ranges of numbers need an evaluation in columns, and {reason}. "
                    f"Leave out the buckets, or what is in the way"
                ) from reason
            _LOG.info("Evaluated row by row, by TFX's own executor: %s.", reason)
            super().Do(input_dict, output_dict, exec_properties)
        else:
            self._log_startup(input_dict, output_dict, exec_properties)
            rows = _rows(input_dict, exec_properties)
            totals = self._totals(found, settings, rows, evaluation)
            write(
                evaluation,
                list(results(totals, found.computations, found.eval_config, found.samples)),
                found.eval_config,
                {name: model.folder for name, model in found.models.items()},
            )
        config = eval_config_writer.load_eval_run(evaluation)[0]
        # As in TFX: without thresholds, nothing is blessed.
        if metric_specs.metric_thresholds_from_metrics_specs(config.metrics_specs, config):
            asked = given_config(exec_properties)
            verdict = judge(evaluation, asked, settings.forced_by)
            LOGGER.info(f"{'blessed' if verdict.blessed else 'not blessed'}: {verdict.sentence}")
            bless(verdict, input_dict, output_dict, exec_properties)

    def _totals(self, found: Plan, settings: Judging, rows: ReadSplits, evaluation: str) -> Totals:
        """The totals of all rows; what is found beside them is written with the evaluation."""
        path = os.path.join(self._get_tmp_dir(), "totals.npz")
        candidate, served = found.candidate
        models = {name: Model(each) for name, each in found.models.items()}
        shown = list(dict.fromkeys([*served.interface.columns, *found.columns]))
        with self._make_beam_pipeline() as pipeline:
            scored = (
                pipeline
                | "Read" >> rows
                | beam.Values()
                | "Score" >> beam.ParDo(Score(models, found.columns, settings.buckets))
            )
            _ = (
                scored
                | "Worst"
                >> beam.CombineGlobally(wrong.Worst(candidate, served.interface.label, shown))
                | "Show" >> beam.Map(wrong.write, os.path.join(evaluation, WRONG))
            )
            _ = scored | Explain(candidate, models[candidate], settings, evaluation)
            _ = (
                scored
                | "Total"
                >> beam.CombineGlobally(
                    Total(found.computations.tallies(), found.slices, found.samples)
                )
                | "Keep" >> beam.Map(keep, path)
            )
        return kept(path)


def _rows(input_dict: dict[str, list[Any]], exec_properties: dict[str, Any]) -> ReadSplits:
    """What reads the splits that are judged."""
    schema = None
    if input_dict.get(keys.SCHEMA_KEY):
        folder = artifact_utils.get_single_uri(input_dict[keys.SCHEMA_KEY])
        schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(folder))
    examples = artifact_utils.get_single_instance(input_dict[keys.EXAMPLES_KEY])
    splits = json_utils.loads(exec_properties.get(keys.EXAMPLE_SPLITS_KEY, "null"))
    return ReadSplits(examples, splits or ["eval"], schema)


def bless(
    verdict: Verdict,
    input_dict: dict[str, list[Any]],
    output_dict: dict[str, list[Any]],
    exec_properties: dict[str, Any],
) -> None:
    """Writes the ModelBlessing as TFX's executor does (1.21, where it is no function), and why."""
    blessing = artifact_utils.get_single_instance(output_dict[keys.BLESSING_KEY])
    (model,) = input_dict[keys.MODEL_KEY]
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    for baseline in input_dict.get(keys.BASELINE_MODEL_KEY, ()):
        blessing.set_string_custom_property(
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY, baseline.uri
        )
        blessing.set_int_custom_property(
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_ID_KEY, baseline.id
        )
    if "current_component_id" in exec_properties:
        blessing.set_string_custom_property("component_id", exec_properties["current_component_id"])
    for key, text in (("verdict", verdict.sentence), ("forced_by", verdict.forced_by)):
        if text:
            blessing.set_string_custom_property(key, text)
    io_utils.write_string_file(
        os.path.join(blessing.uri, Verdict.FILE), verdict.model_dump_json(indent=1)
    )
    names = (constants.NOT_BLESSED_FILE_NAME, constants.BLESSED_FILE_NAME)
    for name in names:  # TFX's own executor may have written the other
        path = os.path.join(blessing.uri, name)
        if fileio.exists(path):
            fileio.remove(path)
    io_utils.write_string_file(os.path.join(blessing.uri, names[verdict.blessed]), "")
    value = constants.BLESSED_VALUE if verdict.blessed else constants.NOT_BLESSED_VALUE
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, value)
