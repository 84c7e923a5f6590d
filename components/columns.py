"""The rows of Examples as record batches of tens of thousands of rows.

Beside the tf.Examples that any TFX component reads, our ExampleGen writes the same rows as Parquet,
a value or null a cell: `columns/<split>/`, not `Split-<split>/`, where TFX takes every file for
TFRecords. Our components read these; Examples without them are decoded from their tf.Examples.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

_FOLDER = "columns"


def folder(examples: str, split: str) -> str:
    """Where the columns of a split lie, in Examples of that URI."""
    return os.path.join(examples, _FOLDER, split)


def write(path: str, batch: pa.RecordBatch) -> None:
    """Writes a batch as a Parquet file of one row group; nothing for no rows."""
    if batch.num_rows == 0:
        return
    # Level 1 of zstd: smaller than snappy, at the same speed. Dictionaries for texts alone: of
    # numbers, they and the statistics cost more time than all the rest.
    texts = [field.name for field in batch.schema if pa.types.is_string(field.type)]
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        pq.write_table(
            pa.Table.from_batches([batch]),
            file,
            compression="zstd",
            compression_level=1,
            row_group_size=batch.num_rows,
            use_dictionary=texts,
            write_statistics=False,
        )


class ReadSplits(beam.PTransform):
    """The rows of some splits: (split, record batch) of `list<float32>` and `list<binary>` columns.

    That is TFXIO's form, in which TFDV and TFT take rows: a missing value is a null. One source for
    all: flattened, those of single splits would be kept in memory by Beam's in-process runner.
    """

    def __init__(self, examples: Any, splits: Sequence[str], schema: Any = None):
        """Takes an Examples artifact, and the schema that tf.Examples are decoded by, if known."""
        super().__init__()
        self._examples = examples
        self._splits = splits
        self._schema = schema

    def expand(self, begin: Any) -> Any:
        """Beam's entry."""
        # Late: Beam's worker processes import this module, and need no TensorFlow for it.
        from tfx.dsl.io import fileio

        if not fileio.exists(os.path.join(self._examples.uri, _FOLDER)):
            return [self._decoded(begin, split) for split in self._splits] | beam.Flatten()
        files = [
            (split, file)
            for split in self._splits
            for file in sorted(
                fileio.glob(os.path.join(folder(self._examples.uri, split), "*.parquet"))
            )
        ]
        return begin | beam.Create(files) | beam.Reshuffle() | beam.FlatMap(_batches)

    def _decoded(self, begin: Any, split: str) -> Any:
        from tfx.components.util import tfxio_utils

        make = tfxio_utils.get_tfxio_factory_from_artifact(
            [self._examples], telemetry_descriptors=["headrace"], schema=self._schema
        )
        pattern = os.path.join(self._examples.uri, f"Split-{split}", "*")
        return (
            begin
            | f"Decode[{split}]" >> make([pattern]).BeamSource()
            | f"Name[{split}]" >> beam.Map(lambda batch: (split, batch))
        )


def _batches(named: tuple[str, str]) -> Iterator[tuple[str, pa.RecordBatch]]:
    split, path = named
    with FileSystems.open(path) as file:
        table = pq.read_table(pa.BufferReader(file.read()))
    for batch in table.combine_chunks().to_batches():
        yield split, as_lists(batch)


def as_lists(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Each value as a list of one, a null as null."""
    return pa.record_batch([_lists(column) for column in batch.columns], batch.schema.names)


def _lists(column: pa.Array) -> pa.ListArray:
    if pa.types.is_string(column.type):
        column = column.cast(pa.binary())
    if column.null_count == 0:
        return pa.ListArray.from_arrays(
            pa.array(np.arange(len(column) + 1, dtype=np.int32)), column
        )
    valid = pc.is_valid(column)
    ends = pc.cumulative_sum(valid.cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pa.ListArray.from_arrays(offsets, column.drop_null(), mask=pc.invert(valid))


def values(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column of lists as a value or null a row; a column that is not there has no values.

    A column of values is itself.

    Raises:
        ValueError: if a row has more than one value.
    """
    if name not in batch.schema.names or pa.types.is_null(batch.schema.field(name).type):
        return pa.nulls(batch.num_rows)
    column = batch.column(name)
    if not _is_list(column.type):
        return column
    counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    if counts.max(initial=0) > 1:
        raise ValueError(
            f"Column {name!r} has {counts.max()} values in a row, expected one at most. "
            f"Make a column of each"
        )
    if counts.all():
        return column.flatten()
    places = pa.array(np.cumsum(counts) - 1, mask=counts == 0)
    return column.flatten().take(places)


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)
