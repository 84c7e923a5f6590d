"""Analyses some splits and transforms all, from record batches as they come."""

import json
import os
import pickle
from collections.abc import Callable
from typing import Any

import apache_beam as beam
import keras  # noqa: F401  before tensorflow_transform, which else turns tf.keras into Keras 2
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow_transform as tft
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform import impl_helper
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io
from tfx.components.transform import executor as stock
from tfx.components.transform import executor_utils, labels
from tfx.components.util import examples_utils
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils
from tfx_bsl.public import tfxio

from components import columns
from components.transform.accumulating import Accumulate, Accumulators, Gathering
from components.transform.analysis import Analysis, analyze
from components.transform.applying import Apply
from components.transform.graph import LISTED, adapter_config
from components.transform.steps import Unsupported

# Which only TFX's own executor knows.
_PROPERTIES_OF_STOCK = ("force_tf_compat_v1", "module_file", "module_path", "save_options")


class Executor(stock.Executor):
    """One pass over the rows to analyze, and one over those to transform.

    Statistics, the analyzer cache, Examples without the schema's columns, and analyzers of another
    kind than counts and combiners are left to TFX's own executor, which writes tf.Examples.
    """

    def Do(  # noqa: N802  TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component.

        Raises:
            SpecError: if the preprocessing function raises it.
        """
        if not _is_ours(input_dict, output_dict, exec_properties):
            super().Do(input_dict, output_dict, exec_properties)
            return
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        splits = executor_utils.ResolveSplitsConfig(
            exec_properties.get("splits_config"), input_dict["examples"]
        )
        schema = _schema(input_dict)
        config = adapter_config(schema)

        def gather(saved_model: str, gatherings: dict[str, Gathering]) -> Accumulators:
            combine = Accumulate(saved_model, config, gatherings)
            return self._combined(columns.ReadSplits(examples, list(splits.analyze)), combine)

        temporary = self._get_tmp_dir()
        fileio.makedirs(temporary)
        try:
            analysis = analyze(self._function(exec_properties), config, temporary, gather)
        except Unsupported:
            super().Do(input_dict, output_dict, exec_properties)
            return
        graph = artifact_utils.get_single_uri(output_dict["transform_graph"])
        _write_graph(graph, dataset_metadata.DatasetMetadata(schema), analysis)
        transformed = artifact_utils.get_single_instance(output_dict["transformed_examples"])
        transformed.split_names = artifact_utils.encode_split_names(list(splits.transform))
        examples_utils.set_payload_format(transformed, example_gen_pb2.FORMAT_PARQUET)
        self._apply(examples, list(splits.transform), config, graph, transformed.uri)

    def _function(self, exec_properties: dict[str, Any]) -> Callable[..., Any]:
        """The preprocessing function, its custom_config bound."""
        properties = {
            labels.PREPROCESSING_FN: exec_properties["preprocessing_fn"],
            labels.CUSTOM_CONFIG: exec_properties.get("custom_config"),
        }
        return self._GetPreprocessingFn(properties, {})

    def _combined(self, rows: columns.ReadSplits, combine: Accumulate) -> Accumulators:
        """What a combine makes of the rows."""
        path = os.path.join(self._get_tmp_dir(), "accumulators")
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | rows
                | beam.Values()
                | beam.CombineGlobally(combine)
                | "Write" >> beam.Map(_write, path)
            )
        with fileio.open(path, "rb") as file:
            return pickle.load(file)  # noqa: S301  written a moment ago

    def _apply(
        self,
        examples: Any,
        splits: list[str],
        config: tfxio.TensorAdapterConfig,
        graph: str,
        uri: str,
    ) -> None:
        files = [
            (split, file)
            for split in splits
            for file in fileio.glob(os.path.join(columns.folder(examples.uri, split), "*.parquet"))
        ]
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | beam.Create(files)
                | beam.Reshuffle()
                | beam.ParDo(Apply(graph, config, uri))
            )


def _is_ours(
    input_dict: dict[str, list[Any]],
    output_dict: dict[str, list[Any]],
    exec_properties: dict[str, Any],
) -> bool:
    return (
        bool(exec_properties.get("disable_statistics"))
        and bool(output_dict.get("transformed_examples"))
        and not output_dict.get("updated_analyzer_cache")
        and not any(exec_properties.get(name) for name in _PROPERTIES_OF_STOCK)
        and len(input_dict["examples"]) == 1
        and _has_columns(input_dict["examples"][0], _schema(input_dict))
    )


def _schema(input_dict: dict[str, list[Any]]) -> schema_pb2.Schema:
    folder = artifact_utils.get_single_uri(input_dict["schema"])
    return io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(folder))


def _has_columns(examples: Any, schema: schema_pb2.Schema) -> bool:
    """Whether Examples have all columns of a schema, of its types, beside their tf.Examples."""
    files = fileio.glob(os.path.join(columns.folder(examples.uri, "*"), "*.parquet"))
    if not files:
        return False
    with fileio.open(files[0], "rb") as file:
        found = pq.read_schema(pa.BufferReader(file.read()))
    types = {field.name: LISTED.get(field.type) for field in found}
    return all(types.get(feature.name) == feature.type for feature in schema.feature)


def _write(accumulators: Accumulators, path: str) -> None:
    with fileio.open(path, "wb") as file:
        file.write(pickle.dumps(accumulators))


def _write_graph(graph: str, raw: dataset_metadata.DatasetMetadata, analysis: Analysis) -> None:
    """The folder that tft.TFTransformOutput reads."""
    output = tft.TFTransformOutput
    metadata_io.write_metadata(raw, os.path.join(graph, output.RAW_METADATA_DIR))
    beside = os.path.join(analysis.saved_model, impl_helper.METADATA_DIR_NAME)
    metadata = metadata_io.read_metadata(beside)
    fileio.rmtree(beside)
    io_utils.copy_dir(analysis.saved_model, os.path.join(graph, output.TRANSFORM_FN_DIR))
    transformed = os.path.join(graph, output.TRANSFORMED_METADATA_DIR)
    metadata_io.write_metadata(metadata, transformed)
    if analysis.assets:
        path = os.path.join(transformed, output.ASSET_MAP)
        io_utils.write_string_file(path, json.dumps(analysis.assets))
