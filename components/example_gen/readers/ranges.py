"""Parts of files that are read apart, so that memory is bounded and processes share a file."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

RANGE_BYTES = 8 << 20  # of text: tens of thousands of rows, a batch
RANGE_ROWS = 65_536  # of formats that count their rows
RANGE_CELLS = 4 << 20  # so that batches of wide tables are no larger than others
LONGEST_ROW = 16 << 20  # bytes; more is most likely a quote that is never closed

LineOf = Callable[[int], int | None]  # by the number of a row, the line that it begins in

_COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}


def unknown_line(row: int) -> None:
    """The line of a row where a file has none, or they are not counted."""
    del row


@dataclasses.dataclass(frozen=True)
class Range:
    """Whole rows of a file."""

    file: str
    start: int = 0  # byte, row group or record batch, as the format counts
    stop: int | None = None  # where it ends; None: all the rest, read as a stream
    row: int = 1  # number of its first row, without the header
    line: int | None = None  # of the file, where that row begins, if known


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """Some rows as they stand in the file, before their values are checked."""

    batch: pa.RecordBatch
    numbers: np.ndarray  # int64 `(rows,)`, of the file, from 1
    line_of: LineOf = unknown_line


def compression(file: str | pathlib.PurePath) -> str | None:
    """What a file is compressed by, as its name says."""
    return _COMPRESSIONS.get(pathlib.PurePath(file).suffix.lower())


def stream(file: str | pathlib.PurePath) -> pa.NativeFile:
    """The bytes of a file, without its compression."""
    return pa.input_stream(str(file), compression=compression(file))


def batch_rows(columns: int) -> int:
    """Rows of so many columns that are read at a time."""
    return max(1, min(RANGE_ROWS, RANGE_CELLS // columns))


def neighbours(file: pathlib.Path, sizes: list[int]) -> Iterator[Range]:
    """Ranges of at most `RANGE_ROWS` rows where the file's own pieces are no larger.

    Args:
        file: a file whose pieces can be read each on its own.
        sizes: rows of each piece.
    """
    start, row, rows = 0, 1, 0
    for place, size in enumerate(sizes):
        if rows and rows + size > RANGE_ROWS:
            yield Range(str(file), start, place, row)
            start, row, rows = place, row + rows, 0
        rows += size
    if rows:
        yield Range(str(file), start, len(sizes), row)
