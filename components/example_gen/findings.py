"""What reading files brought to light: counts, and problems grouped so that each is said once."""

from collections.abc import Iterable, Iterator

import pydantic

WITHOUT_LABEL = "without label"
IN_NO_SPLIT = "in no split"
REJECTED = "rejected"


class Problem(pydantic.BaseModel):
    """One kind of problem of one column (or of whole rows), however often it occurs."""

    count: int
    row: int  # the first, counted from 1 without the header
    value: str  # what stood there
    mend: str  # what to do


class Findings(pydantic.BaseModel):
    """Findings of one file, or of several when merged."""

    # By split, and those left out under WITHOUT_LABEL, IN_NO_SPLIT and REJECTED.
    rows: dict[str, int] = {}
    # Sentences about files that cannot be read on.
    fatal: list[str] = []
    # By sentence, which names the file: what makes it unusable.
    problems: dict[str, Problem] = {}
    # Extent of the column that splits by time, as ISO 8601 text.
    first: str | None = None
    last: str | None = None

    def add(self, sentence: str, mend: str, found: Iterable[tuple[int, str]]) -> None:
        """Notes rows with a problem: what is wrong, what to do, number and value of each."""
        listed = sorted(found)
        if listed:
            row, value = listed[0]
            self._note(sentence, Problem(count=len(listed), row=row, value=value, mend=mend))

    def _note(self, sentence: str, other: Problem) -> None:
        known = self.problems.get(sentence, other)
        first = min(known, other, key=lambda problem: problem.row)
        count = other.count + (known.count if known is not other else 0)
        self.problems[sentence] = first.model_copy(update={"count": count})

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
        for sentence, problem in other.problems.items():
            self._note(sentence, problem)
        self.extend(other.first, other.last)

    def sentences(self) -> Iterator[str]:
        """Each problem with its count, first row and value."""
        for sentence, found in sorted(self.problems.items()):
            value = found.value if len(found.value) <= 60 else f"{found.value[:57]}..."
            times = f"{found.count:,} times" if found.count > 1 else "once"
            yield f"{sentence}: {times}, first in row {found.row:,}: {value!r}. {found.mend}"
