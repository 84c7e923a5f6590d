"""What nodes print to their logs, as they grow and as they end."""

import os
import pathlib

from pipeline.local.display.wording import one_line

_LAST_BYTES = 1 << 16  # in which the last lines are looked for
_MOST_BYTES = 1 << 18  # that are read at once: what is beyond them is left out, and this is said
_LONGEST_LINE = 1 << 14  # bytes after which a line that does not end is shown nevertheless
_WIDEST = 500  # characters of a line that are shown


def within(folder: pathlib.Path, log: str) -> pathlib.Path | None:
    """The path of a log, unless it leads out of the folder of the run."""
    path = (folder / log).resolve()
    return path if path.is_relative_to(folder.resolve()) else None


def last_lines(path: pathlib.Path, count: int) -> list[str]:
    """The last lines of a log that are not empty at its end; none if it cannot be read."""
    data = _read(path, -_LAST_BYTES)
    return [_line(line) for line in data.rstrip().split(b"\n")[-count:]] if data.strip() else []


class Tail:
    """The lines of a log as it grows."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._offset = 0
        self._open = b""  # a line whose end is still to come

    def lines(self, to_the_end: bool = False) -> list[str]:
        """What has been added since the last call.

        Args:
            to_the_end: also a last line that has not ended.
        """
        left_out = self._skip()
        data = _read(self._path, self._offset)
        self._offset += len(data)
        *whole, self._open = (self._open + data).split(b"\n")
        if self._open and (to_the_end or len(self._open) > _LONGEST_LINE):
            whole.append(self._open)
            self._open = b""
        return left_out + [_line(line) for line in whole]

    def _skip(self) -> list[str]:
        """Skips what would take too long to read, or to watch; a sentence if there is such."""
        try:
            ahead = self._path.stat().st_size - self._offset
        except OSError:
            return []
        if ahead < 0:  # it was begun anew
            self._offset, self._open = 0, b""
        if ahead <= _MOST_BYTES:
            return []
        self._offset, self._open = self._offset + ahead - _MOST_BYTES, b""
        return [f"({ahead - _MOST_BYTES:,} bytes are left out here; the log has them)"]


def _read(path: pathlib.Path, start: int) -> bytes:
    """A part of a file; a negative start counts from its end. Nothing if it cannot be read."""
    try:
        if not path.is_file():  # a pipe would make us wait
            return b""
        with path.open("rb") as file:
            if start < 0:
                start = max(0, file.seek(0, os.SEEK_END) + start)
            file.seek(start)
            return file.read(_MOST_BYTES)
    except OSError:
        return b""


def _line(line: bytes) -> str:
    """A line as a terminal would leave it: what a progress bar overwrites is gone."""
    shown = line.rstrip(b"\r").rpartition(b"\r")[2]
    return one_line(shown.decode("utf-8", "backslashreplace"), _WIDEST)
