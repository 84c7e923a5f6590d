"""Rows that cannot be read, an entry a reason, as they go to the rejects of the Examples."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from components.example_gen.findings import REJECTED, Findings
from components.example_gen.readers.ranges import LineOf, unknown_line

_LONGEST_VALUE = 1_000  # characters of a value that are kept


class Rejects:
    """Rejected rows of a range of a file; each is noted in the findings too."""

    def __init__(self, file: str, findings: Findings):
        self.file = file
        self._findings = findings
        self._entries: list[dict[str, Any]] = []
        self._rows: set[int] = set()

    def add(
        self,
        reason: str,
        mend: str,
        found: Iterable[tuple[int, str]],
        column: str | None = None,
        line_of: LineOf = unknown_line,
    ) -> None:
        """Rejects rows.

        Args:
            reason: what is wrong with them, in the plural.
            mend: what to do.
            found: number of each row, and what stood there.
            column: that has the wrong values; None: the rows are wrong as a whole.
            line_of: the line of the file that a row begins in.
        """
        found = list(found)
        place = f"column {column!r}: " if column is not None else ""
        self._findings.add(f"{self.file}: {place}{reason}", mend, found)
        self._rows.update(row for row, _ in found)
        self._entries += (
            {
                "file": self.file,
                "line": line_of(row),
                "row": row,
                "column": column,
                "value": value[:_LONGEST_VALUE],
                "reason": reason,
            }
            for row, value in found
        )

    def settle(self, rows: np.ndarray) -> np.ndarray:
        """Which of the rows are good, bool; those rejected since the last call are counted."""
        rejected = np.fromiter(self._rows, np.int64, len(self._rows))
        self._findings.count(REJECTED, len(rejected))
        self._rows.clear()
        return ~np.isin(rows, rejected)

    def drain(self) -> str:
        """The entries since the last call, as JSON lines."""
        entries, self._entries = self._entries, []
        return "".join(f"{json.dumps(entry)}\n" for entry in entries)
