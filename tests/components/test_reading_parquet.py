"""What the columns of a Parquet file become, whose types are known but may be others than asked."""

import datetime
import decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from components.example_gen import reading
from components.example_gen.config import Table
from components.example_gen.findings import Findings
from components.example_gen.readers import ranges
from modules.errors import DataError


def moments(*texts):
    return pa.array(np.array(texts, "datetime64[us]"))


@pytest.fixture
def read(tmp_path):
    """A column `x` of one kind, and the sentences about it without the file's path."""

    def read(array, kind, **table):
        file = tmp_path / "rows.parquet"
        pyarrow.parquet.write_table(pa.table({"other": array, "x": array}), file)
        split = {"by": "hash", "train": 0.5, "eval": 0.5}
        values = {"format": "parquet", "label": "x", "split": split, **table}
        findings = Findings()
        batches = reading.typed_batches(
            file, Table.model_validate({"columns": {"x": kind}, **values}), findings
        )
        found = [value for batch in batches for value in batch.column("x").to_pylist()]
        return found, [text.replace(f"{file}: ", "") for text in findings.sentences()]

    return read


@pytest.mark.parametrize(
    ("array", "numbers"),
    [
        (pa.array([1, None, -3]), [1, None, -3]),
        (pa.array([1, None], pa.uint8()), [1, None]),
        (pa.array([True, None, False]), [1, None, 0]),
        (pa.array([1.5, None, float("nan")]), [1.5, None, None]),
        (pa.array([1.5, None], pa.float32()), [1.5, None]),
        (pa.array([decimal.Decimal("1.50"), None]), [1.5, None]),
        (pa.array(["1.5", None, "NA", " 2 "]), [1.5, None, None, 2]),
        (pa.array(["1.5", None, "NA"], pa.large_string()), [1.5, None, None]),
        (pa.array(["1.5", None, "1.5"]).dictionary_encode(), [1.5, None, 1.5]),
        (pa.nulls(2), [None, None]),
    ],
)
def test_every_type_of_number_reads_as_a_number(read, array, numbers):
    assert read(array, "number") == (numbers, [])


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (pa.array(["a", None, "é"]), ["a", None, "é"]),
        (pa.array(["a", None, "NULL"], pa.large_string()), ["a", None, None]),
        (pa.array([b"a", None, b"\xc3\xa9"]), ["a", None, "é"]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.array([1, None]), ["1", None]),
        (pa.array([True, None]), ["true", None]),
        # A data frame's column of whole numbers becomes one of floats by a missing value.
        (pa.array([1.0, float("nan")]), ["1", None]),
        (pa.array([decimal.Decimal("1.50")]), ["1.50"]),
        (pa.array([datetime.date(2013, 1, 1), None]), ["2013-01-01T00:00:00", None]),
        (pa.nulls(2), [None, None]),
    ],
)
def test_every_type_reads_as_text_as_it_prints(read, array, texts):
    assert read(array, "text") == (texts, [])


@pytest.mark.parametrize(
    ("array", "times"),
    [
        (moments("2013-01-01T05:15:00.0005", None), ["05:15:00", None]),
        (moments("2013-01-01T05:15").cast(pa.timestamp("ns")), ["05:15:00"]),
        (pa.array([datetime.date(2013, 1, 1)]), ["00:00:00"]),
        (pa.array(["2013-01-01 05:15", None]), ["05:15:00", None]),
    ],
)
def test_every_type_of_moment_reads_as_iso_8601(read, array, times):
    expected = [text and f"2013-01-01T{text}" for text in times]

    assert read(array, "time") == (expected, [])


def test_a_moment_with_a_time_zone_is_that_of_utc(read):
    # 05:15 UTC is 00:15 in New York in winter.
    moment = datetime.datetime(2013, 1, 1, 5, 15, tzinfo=datetime.UTC)

    found, _ = read(pa.array([moment], pa.timestamp("us", "America/New_York")), "time")

    assert found == ["2013-01-01T05:15:00"]


@pytest.mark.parametrize(
    ("array", "kind", "name"),
    [
        (moments("2013-01-01"), "number", r"timestamp\[us\]"),
        (pa.array([datetime.date(2013, 1, 1)]), "number", r"date32\[day\]"),
        (pa.array([[1], [2]]), "text", "list<"),
        (pa.array([{"a": 1}]), "number", "struct<"),
    ],
)
def test_a_type_that_cannot_be_read_as_asked_is_refused_by_its_name(read, array, kind, name):
    with pytest.raises(DataError, match=rf"column 'x' is {name}.* does not read as {kind}. Conv"):
        read(array, kind)


def test_values_that_do_not_fit_are_told_with_their_rows(read):
    found, said = read(pa.array(["1", "two", None, "3"]), "number")

    assert found == [1, None, 3]
    assert "values that are not numbers: once, first in row 2: 'two'" in said[0]


def test_infinite_numbers_are_told(read):
    found, said = read(pa.array([1.0, float("inf"), 1e39]), "number")

    assert found == [1]
    assert "infinite values (or beyond float32): 2 times, first in row 2: 'inf'" in said[0]


def test_bytes_that_are_not_utf8_are_told(read):
    found, said = read(pa.array([b"\xe9", b"a"]), "text")

    assert found == ["a"]
    assert "text that is not UTF-8: once, first in row 1: '\\\\xe9'" in said[0]


def test_the_spec_can_say_what_a_missing_text_looks_like(read):
    assert read(pa.array(["-", "NA"]), "text", missing=["-"]) == ([None, "NA"], [])


def test_row_numbers_go_on_from_batch_to_batch(read, monkeypatch):
    monkeypatch.setattr(ranges, "RANGE_ROWS", 2)

    _, said = read(pa.array(["1", "2", "3", "bad"]), "number")

    assert "first in row 4: 'bad'" in said[0]


def test_a_file_that_is_not_parquet_is_refused(tmp_path):
    file = tmp_path / "rows.parquet"
    file.write_text("x\n1\n")
    split = {"by": "hash", "train": 0.5, "eval": 0.5}
    table = Table.model_validate(
        {"format": "parquet", "columns": {"x": "number"}, "label": "x", "split": split}
    )

    with pytest.raises(DataError, match=r"rows.parquet: is not a Parquet file"):
        list(reading.typed_batches(file, table, Findings()))


def test_batches_of_wide_tables_have_fewer_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(ranges, "RANGE_CELLS", 6)
    file = tmp_path / "rows.parquet"
    names = ["a", "b", "c"]
    pyarrow.parquet.write_table(pa.table({name: [1, 2, 3] for name in names}), file)
    table = Table.model_validate(
        {
            "format": "parquet",
            "columns": dict.fromkeys(names, "number"),
            "label": "a",
            "split": {"by": "hash", "train": 0.5, "eval": 0.5},
        }
    )

    batches = list(reading.typed_batches(file, table, Findings()))

    # 6 cells of 3 columns are 2 rows.
    assert [batch.num_rows for batch in batches] == [2, 1]
