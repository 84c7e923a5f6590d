"""Reads a table with Beam and writes each split as gzipped TFRecords of tf.Example."""

import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from google.protobuf import wrappers_pb2
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils, proto_utils

from components import columns
from components.example_gen import files, ingest
from components.example_gen.config import Table, TimeSplit, splits_of
from components.example_gen.findings import REJECTED, WITHOUT_LABEL, Findings
from modules.errors import DataError

ROWS_PROPERTY = "rows"  # custom property of the Examples artifact: rows by split, as JSON
REJECTS = "rejects"  # folder of the Examples: what could not be read, as JSON lines


class Executor(base_beam_executor.BaseBeamExecutor):
    """Writes `Split-<name>/` for each split of the table.

    Beam's elements are ranges of files and record batches of tens of thousands of rows.
    """

    def Do(  # noqa: N802  TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component.

        Raises:
            DataError: if more values or rows than allowed are not what the spec says, a file
                changed, or a split has no rows.
        """
        del input_dict
        table = _table(exec_properties)
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        names = list(splits_of(table.split))
        examples.split_names = artifact_utils.encode_split_names(names)
        target = ingest.Target(
            splits={name: artifact_utils.get_split_uri([examples], name) for name in names},
            columns={name: columns.folder(examples.uri, name) for name in names},
            rejects=os.path.join(examples.uri, REJECTS),
            findings=os.path.join(self._get_tmp_dir(), "findings.json"),
        )
        found = _files(exec_properties, table)
        before = _states(found)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | beam.Create(list(enumerate(found)))
                | beam.Reshuffle()
                | ingest.Ingest(table, target)
            )
        findings = Findings.model_validate_json(io_utils.read_string_file(target.findings))
        problems = [*_changed(before)] or [*_unreadable(findings, table)]
        problems = problems or [*_empty_splits(findings, table)]
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


def _files(exec_properties: dict[str, Any], table: Table) -> list[str]:
    """The input files, in the order of their names."""
    config = example_gen_pb2.Input()
    proto_utils.json_to_proto(exec_properties["input_config"], config)
    glob = os.path.join(exec_properties["input_base"], config.splits[0].pattern)
    found = [path for path in fileio.glob(glob) if not fileio.isdir(path)]
    return sorted(files.of_format(found, table.format))


def _states(paths: list[str]) -> dict[str, tuple[int, int] | None]:
    """Size and time of the last change of each file, None of one that is gone."""
    states: dict[str, tuple[int, int] | None] = {}
    for path in paths:
        try:
            state = pathlib.Path(path).stat()
        except FileNotFoundError:
            states[path] = None
        else:
            states[path] = (state.st_size, state.st_mtime_ns)
    return states


def _changed(before: dict[str, tuple[int, int] | None]) -> Iterator[str]:
    """A sentence for each file that is not what it was when the reading began."""
    after = _states(list(before))
    for path, state in before.items():
        if after[path] != state:
            yield f"{path}: changed while it was read. Start the run again when it is complete"


def _unreadable(findings: Findings, table: Table) -> Iterator[str]:
    """Everything that is wrong with the rows, if more of them are rejected than the spec allows."""
    rejected, rows = findings.rows.get(REJECTED, 0), sum(findings.rows.values())
    yield from sorted(findings.fatal)
    if rejected <= table.max_rejects * rows:
        return
    if table.max_rejects:
        yield (
            f"data.max_rejects: {rejected:,} of {rows:,} rows cannot be read, "
            f"{rejected / rows:.2%}; expected {table.max_rejects:.2%} at most"
        )
    yield from findings.sentences()


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
