"""CSV that says its numbers or letters in another way, and CSV that is damaged."""

import gzip

import pyarrow as pa
import pydantic
import pytest

from components.example_gen import reading
from components.example_gen.config import Form, Table
from components.example_gen.findings import Findings
from components.example_gen.readers import csv_ranges, csv_text
from modules.errors import DataError

COLUMNS = {"x": "number", "t": "text"}


@pytest.fixture
def read(tmp_path):
    """The rows of a file, and the sentences about it without its path."""

    def read(content, columns=COLUMNS, name="rows.csv", **table):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        split = {"by": "hash", "train": 0.5, "eval": 0.5}
        values = {"format": "csv", "label": next(iter(columns)), "split": split, **table}
        findings = Findings()
        typed = Table.model_validate({"columns": columns, **values})
        rows = [
            tuple(row.values())
            for batch in reading.typed_batches(file, typed, findings)
            for row in batch.to_pylist()
        ]
        return rows, [text.replace(f"{file}: ", "") for text in findings.sentences()]

    return read


@pytest.fixture
def small(monkeypatch):
    """Ranges of 64 bytes, rows of 128 at most."""
    monkeypatch.setattr(csv_ranges, "RANGE_BYTES", 64)
    monkeypatch.setattr(csv_ranges, "LONGEST_ROW", 128)
    monkeypatch.setattr(csv_text, "LONGEST_ROW", 128)


def columns(content, tmp_path, **form):
    file = tmp_path / "rows.csv"
    file.write_bytes(content)
    return reading.columns(file, "csv", Form(**form))


def test_a_header_has_the_names_without_quotes_and_byte_order_mark(tmp_path):
    content = b'\xef\xbb\xbf"a, b";\xc3\xa9\r\n1;2\r\n'

    assert columns(content, tmp_path, delimiter=";") == ["a, b", "é"]


def test_a_header_is_the_first_line_that_is_not_blank(tmp_path):
    assert columns(b"\n\na,b\n1,2\n", tmp_path) == ["a", "b"]


def test_a_header_in_another_encoding_is_refused_with_the_key_that_names_it(tmp_path):
    with pytest.raises(DataError, match=r"not UTF-8. Name its encoding in data.encoding"):
        columns(b"Zo\xe9,b\n", tmp_path)

    assert columns(b"Zo\xe9,b\n", tmp_path, encoding="latin-1") == ["Zoé", "b"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8-sig", "shift_jis"])
def test_text_is_read_in_the_encoding_that_the_spec_names(read, encoding):
    letter = "字" if encoding == "shift_jis" else "é"
    content = f"x,{letter}\n1,{letter}\n".encode(encoding)

    found = read(content, {"x": "number", letter: "text"}, encoding=encoding)

    assert found == ([(1, letter)], [])


def test_bytes_that_are_not_of_the_encoding_end_the_reading(read):
    with pytest.raises(DataError, match=r"not ASCII. Name its encoding"):
        read(b"x,t\n1,\xe9\n", encoding="ascii")


def test_a_decimal_comma_is_read_where_the_spec_says_so(read):
    rows, said = read("x;t\n1,5;a\n-2;b\n,5;c\n", delimiter=";", decimal=",")

    assert rows == [(1.5, "a"), (-2, "b"), (0.5, "c")]
    assert said == []


@pytest.mark.parametrize("text", ["1.234", "1.234,5", "1,2,3"])
def test_a_point_is_no_decimal_comma(read, text):
    rows, said = read(f"x;t\n{text};a\n", delimiter=";", decimal=",")

    assert rows == []
    assert f"values that are not numbers: once, first in row 1: '{text}'" in said[0]


@pytest.mark.parametrize(("suffix", "codec"), [("gz", "gzip"), ("bz2", "bz2"), ("zst", "zstd")])
def test_a_compressed_file_is_read_like_a_plain_one(read, suffix, codec, tmp_path):
    with pa.output_stream(tmp_path / "made", compression=codec) as file:
        file.write(b"x,t\n1,a\nbad,b\n3,c\n")
    content = (tmp_path / "made").read_bytes()

    rows, said = read(content, name=f"rows.csv.{suffix}")

    assert rows == [(1, "a"), (3, "c")]
    assert "first in row 2: 'bad'" in said[0]


def test_a_compressed_file_that_ends_too_soon_is_refused(read):
    whole = gzip.compress(b"x,t\n" + b"".join(b"%d,a\n" % n for n in range(9999)))

    with pytest.raises(DataError, match=r"rows.csv.gz: cannot be read: Truncated compressed"):
        read(whole[:-100], name="rows.csv.gz")


def test_text_that_comes_late_in_a_column_of_numbers_is_told_with_its_row(read, small):
    lines = ["1,a"] * 900 + ["late,b"] + ["2,c"] * 99

    rows, said = read("\n".join(["x,t", *lines]))

    assert len(rows) == 999
    assert "values that are not numbers: once, first in row 901: 'late'" in said[0]


def test_quotes_in_the_middle_of_a_value_stand_for_themselves(read, small):
    # From the first such quote on the file is one stream, for quotes no longer pair up.
    lines = ["1,a"] * 50 + ['2,5" pipe', '3,"b, c"', "bad,d"] + ["4,e"] * 50

    rows, said = read("\n".join(["x,t", *lines]))

    assert rows == [(1, "a")] * 50 + [(2, '5" pipe'), (3, "b, c")] + [(4, "e")] * 50
    assert "first in row 53: 'bad'" in said[0]


def test_blank_lines_are_no_rows(read, small):
    rows, said = read("x,t\n\n1,a\r\n\r\n\n" + "2,b\n" * 30 + "\nbad,c\n\n")

    assert len(rows) == 31
    assert "first in row 32: 'bad'" in said[0]


def test_line_ends_of_windows_and_unix_may_be_mixed(read, small):
    lines = [f"{number},a" + ("\r\n" if number % 2 else "\n") for number in range(60)]

    rows, said = read("x,t\r\n" + "".join(lines))

    assert rows == [(number, "a") for number in range(60)]
    assert said == []


def test_line_ends_of_old_macs_are_read(read):
    assert read("x,t\r1,a\r2,b\r") == ([(1, "a"), (2, "b")], [])


def test_a_nul_byte_is_a_character_of_a_text_and_of_no_number(read):
    rows, said = read(b"x,t\n1,a\x00b\n2\x00,c\n")

    assert rows == [(1, "a\x00b")]
    assert "values that are not numbers: once, first in row 2: '2\\x00'" in said[0]


def test_a_quote_that_is_never_closed_is_told_with_the_line_of_its_row(read):
    with pytest.raises(DataError, match=r"row that begins in line 3 does not end within 16 MiB"):
        read('x,t\n1,a\n2,"b\n3,c\n')


def test_a_row_that_is_too_long_is_told_with_its_line(read, small):
    with pytest.raises(DataError, match=r"the row that begins in line 2 does not end within"):
        read(f'x,t\n1,"{"a" * 200}"\n2,b\n')


def test_a_row_that_is_too_long_in_a_stream_is_told(read, small):
    content = gzip.compress(f'x,t\n1,"{"a" * 500}"\n2,b\n'.encode())

    with pytest.raises(DataError, match=r"a row does not end within"):
        read(content, name="rows.csv.gz")


def test_a_long_row_is_read_whatever_the_range(read, monkeypatch):
    monkeypatch.setattr(csv_ranges, "RANGE_BYTES", 64)
    value = "a\n" * 500

    rows, said = read(f'x,t\n1,"{value}"\n2,b\n')

    assert rows == [(1, value), (2, "b")]
    assert said == []


def test_a_table_may_have_ten_thousand_columns(read):
    names = {f"c{number}": "number" for number in range(10_000)}
    line = ",".join("1" for _ in names)

    rows, said = read(f"{','.join(names)}\n{line}\n{line},2\n", names)

    assert [len(row) for row in rows] == [10_000]
    assert "rows with more or fewer than 10000 values: once, first in row 2" in said[0]


def test_columns_may_stand_in_another_order(read):
    assert read("t,other,x\na,z,1\n") == ([(1, "a")], [])


def test_whole_numbers_beyond_24_bits_are_rounded_as_float32_is(read):
    # 2 ** 53 + 1 is 9007199254740993; the nearest float32 is 2 ** 53.
    rows, said = read("x,t\n9007199254740993,9007199254740993\n")

    assert rows == [(2.0**53, "9007199254740993")]
    assert said == []


def test_booleans_as_text_are_no_numbers_and_fine_as_text(read):
    rows, said = read("x,t\n1,true\nTrue,False\n")

    assert rows == [(1, "true")]
    assert "values that are not numbers: once, first in row 2: 'True'" in said[0]


def test_equal_rows_are_all_kept(read):
    assert read("x,t\n1,a\n1,a\n") == ([(1, "a")] * 2, [])


@pytest.mark.parametrize("name", ["latin-7000", "hex"])
def test_a_name_that_is_no_encoding_is_refused(name):
    with pytest.raises(pydantic.ValidationError, match="expected an encoding, for example utf-8"):
        Form(encoding=name)


@pytest.mark.parametrize("delimiter", ['"', "\n", "é", ",,", ""])
def test_what_cannot_part_values_is_no_delimiter(delimiter):
    with pytest.raises(pydantic.ValidationError, match="delimiter"):
        Form(delimiter=delimiter)
