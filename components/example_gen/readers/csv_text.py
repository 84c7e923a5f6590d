"""CSV: in byte ranges, or as one stream where it is compressed or in another encoding."""

import csv
import functools
import io
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from components.example_gen.config import Form
from components.example_gen.readers import csv_ranges
from components.example_gen.readers.csv_ranges import Window, endless
from components.example_gen.readers.ranges import (
    LONGEST_ROW,
    LineOf,
    Range,
    Rows,
    compression,
    stream,
    unknown_line,
)
from components.example_gen.rejects import Rejects
from modules.errors import DataError


def columns(file: pathlib.Path, form: Form) -> list[str]:
    """The names of the header."""
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    # Escapes: what stands below the header is read along with it, and is not looked at here.
    with io.TextIOWrapper(stream(file), encoding, "surrogateescape", newline="") as lines:
        try:
            names = next(filter(None, csv.reader(lines, delimiter=form.delimiter)), [])
            "".join(names).encode()
        except UnicodeError:
            raise DataError([_not_decoded(file, form)]) from None
        except csv.Error as error:
            raise DataError([f"{file}: the header cannot be read: {error}"]) from None
    return names


def ranges(file: pathlib.Path, form: Form) -> Iterator[Range]:
    """Where the rows are."""
    if compression(file) or form.encoding != "utf-8":
        return iter([Range(str(file))])
    return csv_ranges.cut(file, form.delimiter)


def read(part: Range, form: Form, names: list[str], rejects: Rejects) -> Iterator[Rows]:
    """Rows as raw bytes: what a value should be is known from the spec, never guessed.

    Ragged rows are left out, and go to the rejects.
    """
    source, line_of = _source(part, form)
    header = columns(pathlib.Path(part.file), form) if part.start else None
    # The numbers of ragged rows: the reader counts from 1, the header too where it reads it.
    first = part.row - (1 if header else 2)
    ragged: list[int] = []

    def reject(row: pyarrow.csv.InvalidRow) -> str:
        number = row.number + first
        ragged.append(number)
        rejects.add(
            f"rows with more or fewer than {row.expected_columns} values",
            f"Correct them, or quote values that hold {form.delimiter!r}",
            [(number, row.text)],
            line_of=line_of,
        )
        return "skip"

    number = part.row
    try:
        for batch in pyarrow.csv.open_csv(
            source,
            _in_blocks(part, form, header),
            pyarrow.csv.ParseOptions(
                delimiter=form.delimiter, newlines_in_values=True, invalid_row_handler=reject
            ),
            _as_bytes(names, form),
        ):
            numbers = _without(ragged, number, batch.num_rows)
            yield Rows(batch, numbers, line_of)
            number = int(numbers[-1]) + 1 if len(numbers) else number
    except UnicodeDecodeError:
        raise DataError([_not_decoded(part.file, form)]) from None
    except pa.ArrowInvalid as error:
        raise DataError([_explained(error, part.file, first)]) from None


def _in_blocks(part: Range, form: Form, header: list[str] | None) -> pyarrow.csv.ReadOptions:
    """A range is one block; of a stream, a block holds the longest row."""
    return pyarrow.csv.ReadOptions(
        use_threads=False,  # only then are the numbers of ragged rows known
        block_size=max(LONGEST_ROW, part.stop - part.start if part.stop else 0),
        column_names=header,
        encoding=form.encoding,
    )


def _as_bytes(names: list[str], form: Form) -> pyarrow.csv.ConvertOptions:
    return pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.binary()),
        include_columns=names,
        strings_can_be_null=True,
        null_values=list(form.missing),
    )


def _explained(error: pa.ArrowInvalid, file: str, first: int) -> str:
    if "straddling object" in str(error):
        return endless(file, None)
    ragged = re.search(r"Row #(\d+): Expected (\d+) columns", str(error))
    if ragged:  # PyArrow 18 skips such rows, but not if it cannot hand over their text
        return (
            f"{file}: row {int(ragged[1]) + first:,} has more or fewer than {ragged[2]} values and "
            f"is not UTF-8. Correct it, or name the encoding in data.encoding"
        )
    return f"{file}: cannot be read: {error}"


def _without(ragged: list[int], first: int, count: int) -> np.ndarray:
    """The numbers of so many rows from the first on, but for the ragged ones; int64."""
    left_out = [number for number in ragged if number >= first]
    numbers = np.arange(first, first + count + len(left_out))
    return np.setdiff1d(numbers, left_out, assume_unique=True)[:count]


def _source(part: Range, form: Form) -> tuple[Any, LineOf]:
    """What to read from, and which line a row begins in."""
    if part.stop is None:
        opened = stream(part.file)
        if part.start:
            opened.seek(part.start)
        return opened, unknown_line
    with pathlib.Path(part.file).open("rb") as file:
        file.seek(part.start)
        data = file.read(part.stop - part.start)
    return pa.BufferReader(data), _Lines(data, part, form)


class _Lines:
    """The line of the file that a row begins in; looked for on the first question."""

    def __init__(self, data: bytes, part: Range, form: Form):
        self._data, self._part, self._form = data, part, form

    @functools.cached_property
    def _window(self) -> Window:
        return Window(self._data + b"\n", self._form.delimiter)

    def __call__(self, row: int) -> int | None:
        start = int(self._window.starts[row - self._part.row])
        return (self._part.line or 1) + self._window.lines(start)


def _not_decoded(file: pathlib.Path | str, form: Form) -> str:
    return (
        f"{file}: not {form.encoding.upper()}. Name its encoding in data.encoding, such as latin-1"
    )
