"""Parquet: a range is one row group, or several small ones."""

import pathlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.example_gen.config import Form
from components.example_gen.readers.ranges import Range, Rows, batch_rows, neighbours
from components.example_gen.rejects import Rejects
from modules.errors import DataError


def schema(file: pathlib.Path) -> pa.Schema:
    """The columns and their types."""
    try:
        return pq.read_schema(file)
    except (OSError, pa.ArrowException) as error:
        raise DataError([f"{file}: is not a Parquet file: {error}"]) from None


def columns(file: pathlib.Path, form: Form) -> list[str]:
    """The names in the schema."""
    del form
    return list(schema(file).names)


def ranges(file: pathlib.Path, form: Form) -> Iterator[Range]:
    """Where the rows are."""
    del form
    found = pq.read_metadata(file)
    sizes = [found.row_group(index).num_rows for index in range(found.num_row_groups)]
    return neighbours(file, sizes)


def read(part: Range, form: Form, names: list[str], rejects: Rejects) -> Iterator[Rows]:
    """Rows of the types that the file has."""
    del form, rejects
    groups = list(range(part.start, part.stop or 0))
    row = part.row
    with pq.ParquetFile(part.file) as file:
        for batch in file.iter_batches(batch_rows(len(names)), groups, names):
            yield Rows(batch, np.arange(row, row + batch.num_rows))
            row += batch.num_rows
