"""Tables of text: read from CSV, sampled, and written as the CSV that the repository keeps.

Fields stay text from end to end, so a number is written with the digits its source has.
"""

import csv
import dataclasses
import hashlib
import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

SAMPLE_BYTES = 2_000_000  # largest committed sample, header included


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of text under named columns; an empty field is a missing value."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def read_rows(content: bytes) -> Iterator[dict[str, str]]:
    """One dictionary per line of a CSV with a header; `NA` becomes an empty field."""
    reader = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    columns = next(reader)
    for fields in reader:
        yield {
            name: "" if field == "NA" else field
            for name, field in zip(columns, fields, strict=True)
        }


def read_table(content: bytes) -> Table:
    """The whole CSV, its columns and rows in the order of the file."""
    rows = list(read_rows(content))
    return Table(tuple(rows[0]), [tuple(row.values()) for row in rows])


def draw_sample(table: Table, seed: str, max_bytes: int) -> Table:
    """As many rows as fit in `max_bytes` of CSV, chosen by hash and kept in the table's order.

    Args:
        table: All rows.
        seed: Goes into the hash with the row's number, so that two tables draw differently.
        max_bytes: Largest size of the sample as CSV, header included.

    Returns:
        The rows whose hash is smallest: the same on every machine, and spread evenly over the
        table whatever its order. The whole table if it fits.
    """
    left = max_bytes - len(format_row(table.columns))
    chosen = []
    for number in sorted(range(len(table.rows)), key=lambda number: row_hash(seed, number)):
        left -= len(format_row(table.rows[number]))
        if left < 0:
            break
        chosen.append(number)
    return Table(table.columns, [table.rows[number] for number in sorted(chosen)])


def row_hash(seed: str, number: int) -> bytes:
    """The key that ranks row `number` in a sample."""
    return hashlib.sha256(f"{seed}:{number}".encode()).digest()


def format_row(fields: Sequence[str]) -> bytes:
    """One line of CSV in UTF-8, quoted only where needed, ending in a line feed."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(fields)
    return line.getvalue().encode("utf-8")


def format_table(table: Table) -> bytes:
    """The table as CSV with a header."""
    return b"".join(format_row(fields) for fields in [table.columns, *table.rows])


def write_atomically(path: Path, content: bytes) -> None:
    """Writes the file beside its place, then renames it: a reader sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        beside = Path(folder) / path.name
        beside.write_bytes(content)
        beside.replace(path)
