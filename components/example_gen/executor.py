"""Reads a table with Beam and writes each split as gzipped TFRecords of tf.Example."""

import json
import os
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf
from google.protobuf import wrappers_pb2
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils, proto_utils
from tfx_bsl.coders import example_coder

from components import columns as parquet
from components.columns import as_lists
from components.example_gen.config import Table, TimeSplit, splits_of
from components.example_gen.findings import IN_NO_SPLIT, WITHOUT_LABEL, Findings
from components.example_gen.reading import typed_batches
from components.example_gen.splitting import NO_SPLIT, assign
from modules.errors import DataError

ROWS_PROPERTY = "rows"  # custom property of the Examples artifact: rows by split, as JSON


class Executor(base_beam_executor.BaseBeamExecutor):
    """Writes `Split-<name>/` for each split of the table.

    Beam's elements are record batches of tens of thousands of rows, never rows.
    """

    def Do(  # noqa: N802  TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component.

        Raises:
            DataError: if values or rows are not what the spec says, or a split has no rows.
        """
        del input_dict
        table = _table(exec_properties)
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        names = list(splits_of(table.split))
        examples.split_names = artifact_utils.encode_split_names(names)
        folders = {name: artifact_utils.get_split_uri([examples], name) for name in names}
        report = os.path.join(self._get_tmp_dir(), "findings.json")
        with self._make_beam_pipeline() as pipeline:
            read = (
                pipeline
                | beam.Create(list(enumerate(_files(exec_properties))))
                | beam.Reshuffle()
                | "Read" >> beam.ParDo(_Read(table)).with_outputs("findings", main="batches")
            )
            written = read.batches | "Write" >> beam.ParDo(_Write(table, folders, examples.uri))
            _ = (
                (read.findings, written)
                | beam.Flatten()
                | beam.CombineGlobally(_merged)
                | "Report" >> beam.Map(lambda text: io_utils.write_string_file(report, text))
            )
        findings = Findings.model_validate_json(io_utils.read_string_file(report))
        problems = [*findings.sentences()] or [*_empty_splits(findings, table)]
        if problems:
            raise DataError(problems)
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
        examples.set_string_custom_property(ROWS_PROPERTY, json.dumps(findings.rows))


def _table(exec_properties: dict[str, Any]) -> Table:
    config = example_gen_pb2.CustomConfig()
    proto_utils.json_to_proto(exec_properties["custom_config"], config)
    text = wrappers_pb2.StringValue()
    config.custom_config.Unpack(text)
    return Table.model_validate_json(text.value)


def _files(exec_properties: dict[str, Any]) -> list[str]:
    """The input files, in the order of their names."""
    config = example_gen_pb2.Input()
    proto_utils.json_to_proto(exec_properties["input_config"], config)
    glob = os.path.join(exec_properties["input_base"], config.splits[0].pattern)
    return sorted(path for path in fileio.glob(glob) if not fileio.isdir(path))


class _Read(beam.DoFn):
    """(place of the file, path) -> (name of a shard, typed record batch)."""

    def __init__(self, table: Table):
        self._table = table

    def process(self, element: tuple[int, str]) -> Iterator[Any]:
        place, path = element
        findings = Findings()
        batches = typed_batches(pathlib.Path(path), self._table, findings)
        try:
            for index, batch in enumerate(batches):
                yield f"{place:05}-{index:05}", batch
        except DataError as error:  # as a finding: Beam would wrap it in an error of its own
            findings.fatal.extend(error.problems)
        yield beam.pvalue.TaggedOutput("findings", findings.model_dump_json())


class _Write(beam.DoFn):
    """A typed record batch -> a file in each split's folder; gives the findings, as JSON."""

    def __init__(self, table: Table, folders: dict[str, str], uri: str):
        self._table = table
        self._folders = folders
        self._uri = uri

    def process(self, element: tuple[str, pa.RecordBatch]) -> Iterator[str]:
        shard, batch = element
        findings = Findings()
        labelled = batch.filter(pc.is_valid(batch.column(self._table.label)))
        findings.count(WITHOUT_LABEL, batch.num_rows - labelled.num_rows)
        if isinstance(self._table.split, TimeSplit):
            extent = pc.min_max(labelled.column(self._table.split.column)).as_py()
            findings.extend(extent["min"], extent["max"])
        columns = list(self._table.columns)
        examples = np.array(encode(labelled, columns), object)
        places = assign(labelled, columns, self._table.split)
        findings.count(IN_NO_SPLIT, int((places == NO_SPLIT).sum()))
        for place, (name, folder) in enumerate(self._folders.items()):
            chosen = examples[places == place]
            findings.count(name, len(chosen))
            _write(os.path.join(folder, f"data_tfrecord-{shard}.gz"), chosen)
            rows = labelled.select(columns).filter(pa.array(places == place))
            parquet.write(os.path.join(parquet.folder(self._uri, name), f"{shard}.parquet"), rows)
        yield findings.model_dump_json()


def encode(batch: pa.RecordBatch, columns: list[str]) -> list[bytes]:
    """Serialized tf.Examples of the columns; a missing value is a feature without a value."""
    lists = as_lists(batch.select(columns))
    return example_coder.RecordBatchToExamplesEncoder().encode(lists)


def _write(path: str, examples: Iterable[bytes]) -> None:
    """Writes a shard; none for no rows, for TFX takes any file for one with examples."""
    examples = list(examples)
    if not examples:
        return
    fileio.makedirs(os.path.dirname(path))
    # Level 1: compressing is most of the cost of writing, and higher levels gain few bytes.
    options = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=1)
    with tf.io.TFRecordWriter(path, options) as writer:
        for example in examples:
            writer.write(example)


def _merged(parts: Iterable[str]) -> str:
    whole = Findings()
    for part in parts:
        whole.merge(Findings.model_validate_json(part))
    return whole.model_dump_json()


def _empty_splits(findings: Findings, table: Table) -> Iterator[str]:
    """A sentence for each split without rows, or one if there are no rows at all."""
    if not any(findings.rows.values()):
        yield "data.source: holds no rows, only a header. Give a file with data"
        return
    splits = splits_of(table.split)
    if not any(findings.rows.get(name) for name in splits) and WITHOUT_LABEL in findings.rows:
        yield (
            f"label.column: {table.label!r} has no value in any of "
            f"{findings.rows[WITHOUT_LABEL]:,} rows. Name the column that holds the label"
        )
        return
    for name, value in splits.items():
        if not findings.rows.get(name):
            extent = ""
            if isinstance(table.split, TimeSplit):
                extent = f"; {table.split.column!r} runs from {findings.first} to {findings.last}"
            yield (
                f"data.split.{name}: no row falls into {value!r}{extent}. "
                f"Rows found: {findings.rows}"
            )
