"""What reading files brought to light: counts, and problems grouped so that each is said once."""

from collections.abc import Iterable, Iterator

import pydantic

WITHOUT_LABEL = "without label"
IN_NO_SPLIT = "in no split"


class Problem(pydantic.BaseModel):
    """One kind of problem of one column (or of whole rows), however often it occurs."""

    count: int
    row: int  # the first, counted from 1 without the header
    value: str  # what stood there
    mend: str  # what to do


class Findings(pydantic.BaseModel):
    """Findings of one file, or of several when merged."""

    # By split, and those left out on purpose under WITHOUT_LABEL and IN_NO_SPLIT.
    rows: dict[str, int] = {}
    # Sentences about files that cannot be read on.
    fatal: list[str] = []
    # By sentence, which names the file: what makes it unusable.
    problems: dict[str, Problem] = {}
    # Extent of the column that splits by time, as ISO 8601 text.
    first: str | None = None
    last: str | None = None

    def add(self, sentence: str, mend: str, rows: Iterable[int], values: Iterable[str]) -> None:
        """Notes rows with a problem: what is wrong, and what to do."""
        listed = sorted(zip(rows, values, strict=True))
        if not listed:
            return
        known = self.problems.get(sentence)
        if known is None:
            row, value = listed[0]
            self.problems[sentence] = Problem(count=len(listed), row=row, value=value, mend=mend)
        else:
            known.count += len(listed)

    def count(self, what: str, rows: int) -> None:
        """Adds rows to the count of a split, or of those left out."""
        if rows:
            self.rows[what] = self.rows.get(what, 0) + rows

    def extend(self, first: str | None, last: str | None) -> None:
        """Widens the extent in time."""
        self.first = min(filter(None, (self.first, first)), default=None)
        self.last = max(filter(None, (self.last, last)), default=None)

    def merge(self, other: "Findings") -> None:
        """Adds the findings of another part of the data."""
        for what, rows in other.rows.items():
            self.count(what, rows)
        self.fatal += other.fatal
        self.problems.update(other.problems)
        self.extend(other.first, other.last)

    def shift(self, left_out: Iterable[int]) -> None:
        """Corrects row numbers, once it is known which rows the reader left out before them."""
        for row in sorted(left_out):
            for problem in self.problems.values():
                if row <= problem.row:
                    problem.row += 1

    def sentences(self) -> Iterator[str]:
        """What cannot be read, and each problem with its count, first row and value."""
        yield from self.fatal
        for sentence, found in self.problems.items():
            value = found.value if len(found.value) <= 60 else f"{found.value[:57]}..."
            times = f"{found.count:,} times" if found.count > 1 else "once"
            yield f"{sentence}: {times}, first in row {found.row:,}: {value!r}. {found.mend}"
