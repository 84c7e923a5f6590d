"""Any table, in any format, read in ranges of any size, is the table that was written."""

import contextlib
import csv
import json
import pathlib

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from components.example_gen import reading
from components.example_gen.config import Table
from components.example_gen.findings import REJECTED, Findings
from components.example_gen.readers import csv_ranges, json_lines, ranges
from components.example_gen.rejects import Rejects

numbers = st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False)
letters = st.characters(exclude_categories=["Cs"]) | st.sampled_from('",;\n\r a1')
texts = st.none() | st.text(letters, min_size=1, max_size=12).filter(lambda text: text != "-")
tables = st.lists(st.tuples(numbers, texts, texts), min_size=1, max_size=30)
sizes = st.integers(1, 200)
COLUMNS = {"x": "number", "t": "text", "u": "text"}


def table(data_format, **values):
    split = {"by": "hash", "train": 0.5, "eval": 0.5}
    values = {"label": "t", "split": split, "columns": COLUMNS, "missing": ("-",), **values}
    return Table.model_validate({"format": data_format, **values})


def read(file, table):
    findings = Findings()
    rows = [
        tuple(row.values())
        for batch in reading.typed_batches(file, table, findings)
        for row in batch.to_pylist()
    ]
    return rows, findings


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ranges")


@contextlib.contextmanager
def sized(size):
    """Ranges of so many bytes or rows."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (csv_ranges, json_lines):
            patch.setattr(module, "RANGE_BYTES", size)
        patch.setattr(ranges, "RANGE_ROWS", size)
        yield


@settings(max_examples=150)
@given(
    tables, sizes, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)  # fmt: skip
def test_csv_that_python_writes_is_read_as_it_was(folder, rows, size, delimiter, end, quoting):
    # Python 3.11 leaves this one without quotes, and so makes two rows of it.
    assume(not (end == "\n" and quoting == csv.QUOTE_MINIMAL and "\\r" in repr(rows)))
    file = folder / "rows.csv"
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, delimiter=delimiter, lineterminator=end, quoting=quoting)
        writer.writerow(COLUMNS)
        writer.writerows([["-" if value is None else value for value in row] for row in rows])

    with sized(size):
        found, findings = read(file, table("csv", delimiter=delimiter))

    assert found == rows
    assert findings == Findings()


@settings(max_examples=50)
@given(tables, sizes)
def test_parquet_arrow_and_json_lines_are_read_as_they_were(folder, rows, size):
    columns = [pa.array(values, kind) for values, kind in zip(
        zip(*rows, strict=True), (pa.float32(), pa.string(), pa.string()), strict=True
    )]  # fmt: skip
    written = pa.table(columns, list(COLUMNS))
    pa.parquet.write_table(written, folder / "rows.parquet", row_group_size=7)
    pa.feather.write_feather(written, folder / "rows.arrow", chunksize=7)
    lines = [json.dumps(dict(zip(COLUMNS, row, strict=True))) for row in rows]
    (folder / "rows.jsonl").write_text("\n".join(lines))

    with sized(size):
        for data_format in ("parquet", "arrow", "jsonl"):
            assert read(folder / f"rows.{data_format}", table(data_format)) == (rows, Findings())


bad_rows = st.sampled_from(
    ["1,a,b", "bad,a,b", "inf,a,b", "2,a", "3,a,b,c", '"4","x\ny",b', "-,-,-"]
)


@settings(max_examples=80)
@given(st.lists(bad_rows, min_size=1, max_size=40), sizes)
def test_every_row_is_read_or_rejected_under_its_own_number_and_line(folder, rows, size):
    file = folder / "bad.csv"
    file.write_text("\n".join(["x,t,u", *rows, ""]), newline="")
    good = {"1,a,b": (1, "a", "b"), '"4","x\ny",b': (4, "x\ny", "b"), "-,-,-": (None, None, None)}
    line_of = [2 + sum(row.count("\n") + 1 for row in rows[:place]) for place in range(len(rows))]

    findings, entries, found = Findings(), [], []
    with sized(size):
        for part in reading.ranges(pathlib.Path(file), table("csv")):
            rejects = Rejects(part.file, findings)
            for batch in reading.read(part, table("csv"), rejects):
                found += [tuple(row.values()) for row in batch.to_pylist()]
            entries += [json.loads(line) for line in rejects.drain().splitlines()]

    wrong = {place for place, row in enumerate(rows) if row not in good}
    assert found == [good[row] for row in rows if row in good]
    assert findings.rows.get(REJECTED, 0) == len(wrong)
    assert {(entry["row"], entry["line"]) for entry in entries} == {
        (place + 1, line_of[place]) for place in wrong
    }
