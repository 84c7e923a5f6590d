"""Where the rows of a CSV end, found without reading its values.

A newline ends a row where the quotes before it are even in number. That holds if every quote opens
or closes a value, or stands for itself as one of two; where a window of the file has other quotes
(`5" pipe`), or lone carriage returns, the rest of it is left to the reader as one stream.
"""

import functools
import os
import pathlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from components.example_gen.readers.ranges import LONGEST_ROW, RANGE_BYTES, Range
from modules.errors import DataError

_BOM = b"\xef\xbb\xbf"
_LF, _CR, _QUOTE = b'\n\r"'


class Window:
    """Bytes of a CSV that begin with a row."""

    def __init__(self, data: bytes, delimiter: str):
        """Takes bytes of which the last is a newline where the file ends."""
        self._codes = np.frombuffer(data, np.uint8)
        self._delimiter = ord(delimiter)
        self._newlines = np.flatnonzero(self._codes == _LF)
        self._quotes = np.flatnonzero(self._codes == _QUOTE)
        outside = np.searchsorted(self._quotes, self._newlines) % 2 == 0
        self.stops = self._newlines[outside] + 1  # int64: after the newline of each row

    @functools.cached_property
    def starts(self) -> np.ndarray:
        """int64: where each row begins that is not blank; the reader skips blank lines."""
        starts = np.append(0, self.stops[:-1])
        width = self.stops - starts - 1
        blank = (width == 0) | ((width == 1) & (self._codes[starts] == _CR))
        return starts[~blank]

    def rows(self, stop: int) -> int:
        """Rows before a byte."""
        return int(np.searchsorted(self.starts, stop))

    def lines(self, stop: int) -> int:
        """Newlines before a byte, those within values too."""
        return int(np.searchsorted(self._newlines, stop))

    @property
    def stop(self) -> int:
        """Where its last row ends, or all of it where none does."""
        return int(self.stops[-1]) if len(self.stops) else len(self._codes)

    def is_plain(self) -> bool:
        """Whether the quotes and carriage returns of its rows are all where they belong."""
        quotes = self._quotes[self._quotes < self.stop]
        opening, closing = quotes[::2], quotes[1::2]
        before = np.where(opening > 0, self._codes[opening - 1], _LF)
        after = self._codes[np.minimum(closing + 1, len(self._codes) - 1)]
        returns = np.flatnonzero(self._codes[: self.stop - 1] == _CR)
        lone = returns[self._codes[returns + 1] != _LF]
        return bool(
            np.isin(before, (self._delimiter, _LF, _QUOTE)).all()
            and np.isin(after, (self._delimiter, _LF, _CR, _QUOTE)).all()
            and (np.searchsorted(quotes, lone) % 2 == 1).all()
        )


def cut(file: pathlib.Path, delimiter: str) -> Iterator[Range]:
    """The rows below the header, in ranges of some `RANGE_BYTES`.

    Raises:
        DataError: if a row does not end.
    """
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        start = len(_BOM) if opened.read(len(_BOM)) == _BOM else 0
        row, line = 0, 1  # row 0 is the header
        while start < size:
            window = _window(opened, start, size, delimiter)
            if not window.is_plain():
                yield Range(str(file), start if row else 0, None, max(row, 1))
                return
            if not len(window.stops):
                raise DataError([endless(file, line)])
            length = window.stop if row else int(window.stops[0])
            if row:
                yield Range(str(file), start, min(start + length, size), row, line)
            row += window.rows(length)
            line += window.lines(length)
            start += length


def endless(file: pathlib.Path | str, line: int | None) -> str:
    """The sentence for a row without an end."""
    which = f"the row that begins in line {line:,}" if line else "a row"
    return (
        f"{file}: {which} does not end within {LONGEST_ROW >> 20} MiB, or by the end of the file. "
        f"Close its quote, or take the long value out"
    )


def _window(opened: BinaryIO, start: int, size: int, delimiter: str) -> Window:
    """The bytes from the beginning of a row on; more of them until the row ends."""
    length = RANGE_BYTES
    while True:
        opened.seek(start)
        data = opened.read(length)
        at_end = start + len(data) >= size
        if at_end and not data.endswith(b"\n"):
            data += b"\n"
        window = Window(data, delimiter)
        if len(window.stops) or at_end or length >= LONGEST_ROW or not window.is_plain():
            return window
        length *= 2
