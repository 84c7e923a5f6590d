"""TFRecords of tf.Example with at most one value a feature; a file is one stream."""

import pathlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.config import Form
from components.example_gen.readers.ranges import RANGE_ROWS, Range, Rows, compression
from components.example_gen.rejects import Rejects
from modules.errors import DataError


def columns(file: pathlib.Path, form: Form) -> list[str]:
    """Every feature of every example."""
    del form
    names: dict[str, None] = {}
    for batch in _batches(str(file)):
        names.update(dict.fromkeys(batch.schema.names))
    return list(names)


def ranges(file: pathlib.Path, form: Form) -> Iterator[Range]:
    """Where the rows are."""
    del form
    yield Range(str(file))


def read(part: Range, form: Form, names: list[str], rejects: Rejects) -> Iterator[Rows]:
    """Rows of the types that their features have."""
    del form
    row = part.row
    for batch in _batches(part.file):
        numbers = np.arange(row, row + batch.num_rows)
        arrays = []
        for name in names:
            place = batch.schema.get_field_index(name)
            arrays.append(
                pa.nulls(batch.num_rows)
                if place < 0 or pa.types.is_null(batch.schema.field(place).type)
                else _single(batch.column(place), name, numbers, rejects)
            )
        yield Rows(pa.record_batch(arrays, names), numbers)
        row += batch.num_rows


def _single(lists: pa.Array, name: str, numbers: np.ndarray, rejects: Rejects) -> pa.Array:
    """The first value of each list, null of an empty one."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    several = pc.indices_nonzero(pc.greater(lengths, 1))
    texts = [str(values) for values in lists.take(several).to_pylist()]
    mend = "Expected one value at most: give each a feature of its own"
    found = zip(numbers[several.to_numpy()].tolist(), texts, strict=True)
    rejects.add("examples with several values", mend, found, name)
    offsets = lists.offsets[:-1]
    return lists.values.take(pc.if_else(pc.greater(lengths, 0), offsets, None))


def _batches(file: str) -> Iterator[pa.RecordBatch]:
    import tensorflow as tf
    from tfx_bsl.coders import example_coder

    kind = (compression(file) or "").upper()
    decoder = example_coder.ExamplesToRecordBatchDecoder(None)
    try:
        for records in tf.data.TFRecordDataset(file, kind).batch(RANGE_ROWS):
            yield decoder.DecodeBatch(records.numpy().tolist())
    except (tf.errors.OpError, RuntimeError) as error:
        said = str(error).rpartition("}} ")[2].partition(" [Op:")[0]  # not which operation it was
        raise DataError([f"{file}: is no TFRecord of tf.Examples: {said}"]) from None
