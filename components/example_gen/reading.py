"""Files as typed record batches: numbers, texts and moments, each value checked."""

import pathlib
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from components.example_gen.config import Table
from components.example_gen.findings import Findings
from modules.errors import DataError
from modules.spec.features import RawType

_BLOCK_BYTES = 16 << 20  # of CSV text a batch: some 100,000 rows
_PARQUET_ROWS = 65_536  # a batch


def typed_batches(file: pathlib.Path, table: Table, findings: Findings) -> Iterator[pa.RecordBatch]:
    """The rows of a file, a column of the table an array; what does not fit goes to findings.

    Yields:
        Batches of float32 (`number`), and string (`text`; `time`, as `2013-01-01T05:15:00`).
        A missing value is null. A column only used to split is there as well.

    Raises:
        DataError: if the file as a whole cannot be read.
    """
    columns = wanted_columns(table)
    ragged = Findings()  # apart, for its row numbers are those of the file
    left_out: list[int] = []
    row = 1
    for batch in _raw_batches(file, table, list(columns), ragged, left_out):
        arrays = []
        for name, kind in columns.items():
            column = batch.column(name)
            try:
                arrays.append(_typed(column, kind, Where(file, name, row, findings)))
            except pa.ArrowNotImplementedError:
                raise DataError(
                    [
                        f"{file}: column {name!r} is {column.type}, which does not read as {kind}. "
                        f"Convert it, or give the feature another kind"
                    ]
                ) from None
        typed = pa.record_batch(arrays, list(columns))
        _check_classes(typed.column(table.label), table, Where(file, table.label, row, findings))
        yield typed
        row += batch.num_rows
    findings.shift(left_out)
    findings.merge(ragged)


def wanted_columns(table: Table) -> dict[str, RawType]:
    """The columns to read: those of the examples, and the one that splits by."""
    columns = dict(table.columns)
    column = getattr(table.split, "column", None)
    if column is not None:
        columns.setdefault(column, "time" if table.split.by == "time" else "text")
    return columns


class Where:
    """A column of a batch, and where its problems are noted."""

    def __init__(self, file: pathlib.Path, name: str, row: int, findings: Findings):
        self._sentence = f"{file}: column {name!r}: "
        self._row = row  # of the batch's first row, from 1
        self._findings = findings

    def note(self, problem: str, mend: str, mask: pa.Array, values: pa.Array) -> None:
        """Notes the rows where the mask is true: what is wrong with them, and what to do."""
        at = pc.indices_nonzero(pc.fill_null(mask, False))
        rows = [index + self._row for index in at.to_pylist()]
        texts = [_as_text(value) for value in values.take(at).to_pylist()]
        self._findings.add(self._sentence + problem, mend, rows, texts)


def _check_classes(labels: pa.Array, table: Table, where: Where) -> None:
    if table.classes:
        known = pc.is_in(labels, pa.array(table.classes))
        classes = ", ".join(repr(name) for name in table.classes)
        where.note(
            "labels that are no class",
            f"Expected {classes}: correct them, or label.classes",
            pc.and_(pc.is_valid(labels), pc.invert(known)),
            labels,
        )


def _as_text(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _raw_batches(
    file: pathlib.Path,
    table: Table,
    names: list[str],
    findings: Findings,
    left_out: list[int],
) -> Iterator[pa.RecordBatch]:
    try:
        if table.format == "parquet":
            reader = pyarrow.parquet.ParquetFile(file)
            for batch in reader.iter_batches(batch_size=_PARQUET_ROWS, columns=names):
                arrays = [_without_missing(column, table.missing) for column in batch.columns]
                yield pa.record_batch(arrays, batch.schema.names)
        else:
            yield from _csv_batches(file, table, names, findings, left_out)
    except (OSError, pa.ArrowException) as error:
        raise DataError([f"{file}: cannot be read: {error}"]) from None


def _without_missing(column: pa.Array, missing: tuple[str, ...]) -> pa.Array:
    """A column of Parquet, with null for NaN and for the texts that mean a missing value."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _without_missing(column.dictionary_decode(), missing)
    if pa.types.is_float16(kind):  # for which Arrow has no if_else
        column = column.cast(pa.float32())
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_nan(column), None, column)
    if _is_text(kind):
        return pc.if_else(pc.is_in(column, pa.array(missing, kind)), None, column)
    return column


def _is_text(kind: pa.DataType) -> bool:
    return any(
        of_kind(kind)
        for of_kind in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )


def _csv_batches(
    file: pathlib.Path,
    table: Table,
    names: list[str],
    findings: Findings,
    left_out: list[int],
) -> Iterator[pa.RecordBatch]:
    """Rows as raw bytes: what a value should be is known from the spec, never guessed."""

    def ragged(row: pyarrow.csv.InvalidRow) -> str:
        number = row.number - 1  # the header is row 1 of the reader
        left_out.append(number)
        findings.add(
            f"{file}: rows with more or fewer than {row.expected_columns} values",
            f"Correct them, or quote values that hold {table.delimiter!r}",
            [number],
            [row.text],
        )
        return "skip"

    reader = pyarrow.csv.open_csv(
        file,
        # Serial: only then are the numbers of bad rows known.
        pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
        pyarrow.csv.ParseOptions(
            delimiter=table.delimiter, newlines_in_values=True, invalid_row_handler=ragged
        ),
        pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.binary()),
            include_columns=names,
            strings_can_be_null=True,
            null_values=list(table.missing),
        ),
    )
    yield from reader


def _typed(column: pa.Array, kind: RawType, where: Where) -> pa.Array:
    if kind == "number":
        return _numbers(column, where)
    text = _texts(column, where)
    return text if kind == "text" else _moments(text, where)


def _texts(column: pa.Array, where: Where) -> pa.Array:
    """Strings; numbers and booleans of Parquet as they print, moments in ISO 8601."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _in_iso_8601(column)
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        return column.cast(pa.string())
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        bad = pa.array([value is not None and not _is_utf8(value) for value in column.to_pylist()])
        mend = "Convert the file, for example with `iconv -f LATIN1 -t UTF-8`"
        where.note("text that is not UTF-8", mend, bad, column)
        return pc.if_else(bad, None, column).cast(pa.string())


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _numbers(column: pa.Array, where: Where) -> pa.Array:
    if _is_text(column.type):
        text = pc.utf8_trim_whitespace(_texts(column, where))
        numbers = _parse(text, pa.float64(), _is_number)
        wrong = pc.and_(pc.is_null(numbers), pc.is_valid(text))
        where.note(
            "values that are not numbers",
            "Correct them, add the text to data.missing, or make the feature categorical",
            wrong,
            text,
        )
    else:
        numbers = column.cast(pa.float64(), safe=False)
    single = pc.if_else(pc.is_nan(numbers), None, numbers).cast(pa.float32(), safe=False)
    where.note(
        "infinite values (or beyond float32)",
        "Correct them, or add the text to data.missing",
        pc.is_inf(single),
        numbers,
    )
    return pc.if_else(pc.is_inf(single), None, single)


def _is_number(text: str) -> bool:
    try:  # not Python's float(), which takes "1_000" and the digits of every script
        pa.scalar(text).cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _moments(text: pa.Array, where: Where) -> pa.Array:
    moments = _parse(text, pa.timestamp("us"), _is_moment)
    where.note(
        "values that are not moments",
        "Expected ISO 8601 without time zone, such as 2013-01-01T05:15:00",
        pc.and_(pc.is_null(moments), pc.is_valid(text)),
        text,
    )
    return _in_iso_8601(moments)


def _in_iso_8601(moments: pa.Array) -> pa.Array:
    """Text such as 2013-01-01T05:15:00; what is less than a second is left out."""
    return pc.strftime(moments.cast(pa.timestamp("s"), safe=False), "%Y-%m-%dT%H:%M:%S")


def _is_moment(text: str) -> bool:
    try:
        pa.scalar(text).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return False
    return True


def _parse(text: pa.Array, kind: pa.DataType, parses: Callable[[str], bool]) -> pa.Array:
    """The texts as another type, null where they are none: whole arrays first, values if not."""
    try:
        return text.cast(kind)
    except pa.ArrowInvalid:
        good = pa.array([value is not None and parses(value) for value in text.to_pylist()])
        return pc.if_else(good, text, None).cast(kind)
