"""Files as typed record batches: numbers, texts and moments, each value checked."""

import contextlib
import pathlib
from collections.abc import Iterator, Sequence
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen import files
from components.example_gen.casting import Note, cast, without_missing
from components.example_gen.config import Form, Format, Table
from components.example_gen.findings import Findings
from components.example_gen.readers import arrow, csv_text, json_lines, parquet, tf_record
from components.example_gen.readers.ranges import Range, Rows
from components.example_gen.rejects import Rejects
from modules.errors import DataError
from modules.spec.features import RawType

# A reader has `columns`, `ranges` and `read`; one whose files say their types has `schema` too.
READERS: dict[Format, ModuleType] = {
    "csv": csv_text,
    "parquet": parquet,
    "arrow": arrow,
    "jsonl": json_lines,
    "tfrecord": tf_record,
}
# The others name their columns row by row: one that a file has not is missing in all its rows.
WITH_HEADER: tuple[Format, ...] = ("csv", "parquet", "arrow")


def columns(file: pathlib.Path, data_format: Format, form: Form) -> list[str]:
    """The column names of a file: of its header, or of all its rows where it has none.

    Raises:
        DataError: if they cannot be read.
    """
    with _told(file):
        return READERS[data_format].columns(file, form)


def ranges(file: pathlib.Path, table: Table) -> Iterator[Range]:
    """The parts of a file that are read apart, in order.

    Raises:
        DataError: if the file cannot be read, or lacks a column.
    """
    if table.format in WITH_HEADER:
        names = columns(file, table.format, table)
        wanted = dict.fromkeys(wanted_columns(table), "the spec")
        problems = list(files.check_columns(file, names, wanted))
        if problems:
            raise DataError(problems)
    with _told(file):
        yield from READERS[table.format].ranges(file, table)


def typed_batches(file: pathlib.Path, table: Table, findings: Findings) -> Iterator[pa.RecordBatch]:
    """The rows of a file, as `read` has them; what does not fit goes to the findings."""
    for part in ranges(file, table):
        yield from read(part, table, Rejects(part.file, findings))


def read(part: Range, table: Table, rejects: Rejects) -> Iterator[pa.RecordBatch]:
    """The rows of a range, a column of the table an array, without those that do not fit.

    Yields:
        Batches of float32 (`number`), and string (`text`; `time`, as `2013-01-01T05:15:00`).
        A missing value is null. A column only used to split is there as well.

    Raises:
        DataError: if the file as a whole cannot be read.
    """
    for rows, _ in read_keeping(part, table, (), rejects):
        yield rows


def read_keeping(
    part: Range, table: Table, kept: Sequence[str], rejects: Rejects
) -> Iterator[tuple[pa.RecordBatch, list[pa.Array]]]:
    """The rows of a range as `read` has them, and beside them columns for no model.

    Yields:
        A batch, and an array for each column that is kept: of the file's own type where the format
        has types (`keeps_types`), or else text.

    Raises:
        DataError: if the file as a whole cannot be read.
    """
    wanted = wanted_columns(table)
    names = list(dict.fromkeys([*wanted, *kept]))
    with _told(part.file):
        for rows in READERS[table.format].read(part, table, names, rejects):
            arrays = [_typed(rows, *column, table, rejects) for column in wanted.items()]
            batch = pa.record_batch(arrays, list(wanted))
            if table.classes:
                labels = batch.column(table.label)
                _check_classes(labels, table, _note(table.label, rows, rejects))
            beside = [_kept(rows, name, table, rejects) for name in kept]
            good = pa.array(rejects.settle(rows.numbers))
            yield batch.filter(good), [array.filter(good) for array in beside]
    rejects.settle(np.array([], np.int64))


def keeps_types(data_format: Format) -> bool:
    """Whether the files themselves say what type each column has."""
    return hasattr(READERS[data_format], "schema")


def wanted_columns(table: Table) -> dict[str, RawType]:
    """The columns to read: those of the examples, and the one that splits by."""
    wanted = dict(table.columns)
    column = getattr(table.split, "column", None)
    if column is not None:
        wanted.setdefault(column, "time" if table.split.by == "time" else "text")
    return wanted


@contextlib.contextmanager
def _told(file: pathlib.Path | str) -> Iterator[None]:
    """Turns what goes wrong with a file as a whole into a DataError."""
    try:
        yield
    except (OSError, EOFError, pa.ArrowException) as error:
        raise DataError([f"{file}: cannot be read: {error}"]) from None


def _typed(rows: Rows, name: str, kind: RawType, table: Table, rejects: Rejects) -> pa.Array:
    column = rows.batch.column(name)
    if table.format != "csv":  # whose reader knows the missing values
        column = without_missing(column, table.missing)
    try:
        return cast(column, kind, table.decimal, _note(name, rows, rejects))
    except pa.ArrowNotImplementedError:
        raise DataError(
            [
                f"{rejects.file}: column {name!r} is {column.type}, which does not read as {kind}. "
                f"Convert it, or give the feature another kind"
            ]
        ) from None


def _note(name: str, rows: Rows, rejects: Rejects) -> Note:
    """Rejects the rows of a column where a mask is true."""

    def note(reason: str, mend: str, mask: pa.Array, values: pa.Array) -> None:
        at = pc.indices_nonzero(pc.fill_null(mask, False))
        if not len(at):
            return
        texts = [_as_text(value) for value in values.take(at).to_pylist()]
        found = zip(rows.numbers[at.to_numpy()].tolist(), texts, strict=True)
        rejects.add(reason, mend, found, name, rows.line_of)

    return note


def _kept(rows: Rows, name: str, table: Table, rejects: Rejects) -> pa.Array:
    if keeps_types(table.format):
        return rows.batch.column(name)
    return _typed(rows, name, "text", table, rejects)


def _check_classes(labels: pa.Array, table: Table, note: Note) -> None:
    known = pc.is_in(labels, pa.array(table.classes))
    classes = ", ".join(repr(name) for name in table.classes)
    note(
        "labels that are no class",
        f"Expected {classes}: correct them, or label.classes",
        pc.and_(pc.is_valid(labels), pc.invert(known)),
        labels,
    )


def _as_text(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
