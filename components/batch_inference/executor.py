"""Scores Examples with an exported model and writes the scores as Parquet."""

import json
import logging
import os
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
from tfx.components.util import model_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.batch_inference.scoring import Model, Score, answered
from components.batch_inference.splits import Write, keeping
from components.columns import ReadSplits
from modules.errors import SpecError
from modules.spec.learning import Interface

EXAMPLES, MODEL, BLESSING, RESULT = "examples", "model", "model_blessing", "inference_result"
SPLITS, KEEP = "splits", "keep"

_LOG = logging.getLogger(__name__)


class Executor(base_beam_executor.BaseBeamExecutor):
    """Writes `<split>-<shard>-of-<shards>.parquet`; Beam's elements are record batches."""

    def Do(  # noqa: N802  TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; nothing is written for a model that is not blessed.

        Raises:
            SpecError: if the Examples have no such split, or the model has an output of the name
                of a column that is kept.
        """
        if input_dict.get(BLESSING):
            blessing = artifact_utils.get_single_instance(input_dict[BLESSING])
            if not model_utils.is_model_blessed(blessing):
                _LOG.info("The model is not blessed: nothing is scored.")
                return
        examples = artifact_utils.get_single_instance(input_dict[EXAMPLES])
        splits = _splits(examples, json.loads(exec_properties[SPLITS]))
        model = _model(artifact_utils.get_single_instance(input_dict[MODEL]))
        keep = json.loads(exec_properties[KEEP])
        schema = _schema(model, keep)
        result = artifact_utils.get_single_uri(output_dict[RESULT])
        with self._make_beam_pipeline() as pipeline:
            scored = (
                pipeline
                | "Read" >> ReadSplits(examples, splits)
                | "Keep" >> beam.Map(keeping, keep)
                | "Score" >> beam.ParDo(Score(model))
            )
            for split in splits:
                _ = scored | f"Write[{split}]" >> Write(split, result, schema)


def _splits(examples: Any, asked: Sequence[str]) -> list[str]:
    there = artifact_utils.decode_split_names(examples.split_names)
    unknown = [name for name in asked if name not in there]
    if unknown:
        raise SpecError([f"BatchInference.splits: got {unknown}, expected some of {there}"])
    return list(asked or there)


def _model(artifact: Any) -> Model:
    old = path_utils.is_old_model_artifact(artifact)
    folder = path_utils.serving_model_path(artifact.uri, old)
    text = io_utils.read_string_file(os.path.join(folder, Interface.FILE))
    return Model(folder, Interface.model_validate_json(text).columns)


def _schema(model: Model, keep: Sequence[str]) -> pa.Schema:
    """Of what is written: kept columns, then what the model answers."""
    scores = answered(model.signature())
    clashing = [name for name in keep if name in scores.names]
    if clashing:
        raise SpecError([f"BatchInference.keep: the model answers under the name of {clashing}"])
    return pa.schema([*(pa.field(name, pa.string()) for name in keep), *scores])
