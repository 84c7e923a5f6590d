"""Judges a model by rows that stay in columns, and writes what TFX's Evaluator writes."""

import logging
import os
from typing import Any

import apache_beam as beam
from tensorflow_model_analysis.metrics import metric_specs
from tfx.components.evaluator import constants, executor
from tfx.types import artifact_utils
from tfx.types import standard_component_specs as keys
from tfx.utils import io_utils, json_utils

from components.columns import ReadSplits
from components.evaluator.results import results, write
from components.evaluator.scope import ByRows, Plan, plan
from components.evaluator.scoring import Score
from components.evaluator.totals import Total, Totals, keep, kept

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
        try:
            found = plan(input_dict, exec_properties)
        except ByRows as reason:
            _LOG.info("Evaluated row by row, by TFX's own executor: %s.", reason)
            super().Do(input_dict, output_dict, exec_properties)
            return
        self._log_startup(input_dict, output_dict, exec_properties)
        totals = self._totals(found, input_dict, exec_properties)
        config = found.eval_config
        verdict = write(
            artifact_utils.get_single_uri(output_dict[keys.EVALUATION_KEY]),
            list(results(totals, found.computations, config)),
            config,
            {name: model.folder for name, model in found.models.items()},
        )
        # As in TFX: without thresholds, nothing is blessed.
        if metric_specs.metric_thresholds_from_metrics_specs(config.metrics_specs, config):
            bless(verdict.validation_ok, input_dict, output_dict, exec_properties)

    def _totals(
        self, found: Plan, input_dict: dict[str, list[Any]], exec_properties: dict[str, Any]
    ) -> Totals:
        schema = None
        if input_dict.get(keys.SCHEMA_KEY):
            folder = artifact_utils.get_single_uri(input_dict[keys.SCHEMA_KEY])
            schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(folder))
        examples = artifact_utils.get_single_instance(input_dict[keys.EXAMPLES_KEY])
        splits = json_utils.loads(exec_properties.get(keys.EXAMPLE_SPLITS_KEY, "null"))
        path = os.path.join(self._get_tmp_dir(), "totals.npz")
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "Read" >> ReadSplits(examples, splits or ["eval"], schema)
                | beam.Values()
                | "Score" >> beam.ParDo(Score(found.models, found.columns))
                | "Total" >> beam.CombineGlobally(Total(found.computations.tallies(), found.slices))
                | "Keep" >> beam.Map(keep, path)
            )
        return kept(path)


def bless(
    is_good: bool,
    input_dict: dict[str, list[Any]],
    output_dict: dict[str, list[Any]],
    exec_properties: dict[str, Any],
) -> None:
    """Writes the ModelBlessing as TFX's executor does (1.21, where it is no function)."""
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
    name = constants.BLESSED_FILE_NAME if is_good else constants.NOT_BLESSED_FILE_NAME
    io_utils.write_string_file(os.path.join(blessing.uri, name), "")
    value = constants.BLESSED_VALUE if is_good else constants.NOT_BLESSED_VALUE
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, value)
