"""Arrow's own file format, which is Feather's too: a range is a record batch or several."""

import pathlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from components.example_gen.config import Form
from components.example_gen.readers.ranges import Range, Rows, batch_rows, neighbours
from components.example_gen.rejects import Rejects
from modules.errors import DataError


def schema(file: pathlib.Path) -> pa.Schema:
    """The columns and their types."""
    try:
        with pa.ipc.open_file(pa.OSFile(str(file))) as opened:
            return opened.schema
    except (OSError, pa.ArrowException) as error:
        raise DataError([f"{file}: is not an Arrow file: {error}"]) from None


def columns(file: pathlib.Path, form: Form) -> list[str]:
    """The names in the schema."""
    del form
    return list(schema(file).names)


def ranges(file: pathlib.Path, form: Form) -> Iterator[Range]:
    """Where the rows are."""
    del form
    one = pa.ipc.IpcReadOptions(included_fields=[0])  # enough to count the rows
    with pa.ipc.open_file(pa.OSFile(str(file)), options=one) as opened:
        sizes = [opened.get_batch(index).num_rows for index in range(opened.num_record_batches)]
    return neighbours(file, sizes)


def read(part: Range, form: Form, names: list[str], rejects: Rejects) -> Iterator[Rows]:
    """Rows of the types that the file has."""
    del form, rejects
    row, step = part.row, batch_rows(len(names))
    with pa.ipc.open_file(pa.OSFile(part.file)) as opened:
        for index in range(part.start, part.stop or 0):
            batch = opened.get_batch(index).select(names)
            for start in range(0, batch.num_rows, step):
                end = min(start + step, batch.num_rows)
                # Taken, for of a slice with text PyArrow 18's if_else makes an invalid array.
                rows = batch.take(pa.array(np.arange(start, end)))
                yield Rows(rows, np.arange(row, row + rows.num_rows))
                row += rows.num_rows
