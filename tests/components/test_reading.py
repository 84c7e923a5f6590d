"""What the rows of a CSV file become, and what is said of values that do not fit."""

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen import reading
from components.example_gen.config import MISSING, Table
from components.example_gen.findings import Findings
from components.example_gen.readers import csv_ranges
from modules.errors import DataError

HASH = {"by": "hash", "train": 0.5, "eval": 0.5}


@pytest.fixture
def read(tmp_path):
    """The columns of a file, and the sentences about it without its path."""

    def read(content, columns, **table):
        file = tmp_path / "rows.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        values = {"format": "csv", "label": next(iter(columns)), "split": HASH, **table}
        findings = Findings()
        typed = Table.model_validate({"columns": columns, **values})
        found: dict[str, list[object]] = {name: [] for name in reading.wanted_columns(typed)}
        for batch in reading.typed_batches(file, typed, findings):
            for name, values in batch.to_pydict().items():
                found[name] += values
        return found, [text.replace(f"{file}: ", "") for text in findings.sentences()]

    return read


def test_numbers_are_read_with_spaces_signs_and_exponents(read):
    found, said = read("x\n 1.5 \n+2\n-3e2\n.5\n", {"x": "number"})

    assert found == {"x": [1.5, 2, -300, 0.5]}
    assert said == []


def test_the_usual_words_for_a_missing_value_are_null(read):
    found, said = read("x,t\nNA,N/A\n,\nnan,NaN\nNULL,null\n", {"x": "number", "t": "text"})

    assert found == {"x": [None] * 4, "t": [None] * 4}
    assert said == []


def test_the_spec_can_say_what_a_missing_value_looks_like(read):
    found, _ = read("x,t\n-,NA\n1,?\n", {"x": "number", "t": "text"}, missing=["-", "?"])

    assert found == {"x": [None, 1], "t": ["NA", None]}


def test_text_in_a_column_of_numbers_is_told_with_its_first_row_and_value(read):
    found, said = read("x,t\n1,a\ntwo,b\n3,c\nfour,d\n", {"x": "number", "t": "text"})

    assert found == {"x": [1, 3], "t": ["a", "c"]}
    assert said == [
        "column 'x': values that are not numbers: 2 times, first in row 2: 'two'. Correct them, "
        "add the text to data.missing, or make the feature categorical"
    ]


@pytest.mark.parametrize("text", ["1_000", "1,5", "0x10", "\uff11", "-", "1f", "true"])
def test_what_only_some_languages_take_for_a_number_is_none(read, text):
    found, said = read(f'x,t\n"{text}",a\n', {"x": "number", "t": "text"})

    assert found["x"] == []
    assert said[0].startswith(
        f"column 'x': values that are not numbers: once, first in row 1: '{text}'"
    )


@pytest.mark.parametrize("text", ["inf", "-inf", "Infinity", "1e400", "1e39"])
def test_a_number_beyond_float32_is_told(read, text):
    # The largest float32 is 3.4e38.
    found, said = read(f"x\n3e38\n{text}\n", {"x": "number"})

    assert found["x"] == [pytest.approx(3e38)]
    assert re.search(r"infinite values \(or beyond float32\): once, first in row 2", said[0])


def test_a_row_of_another_width_is_left_out_and_told(read):
    found, said = read("x,t\n1,a\n2\n3,c\n4,d,e\n", {"x": "number", "t": "text"})

    assert found == {"x": [1, 3], "t": ["a", "c"]}
    assert said == [
        "rows with more or fewer than 2 values: 2 times, first in row 2: '2'. "
        "Correct them, or quote values that hold ','"
    ]


def test_row_numbers_count_the_rows_that_were_left_out(read):
    lines = ["1,a", "2", "bad,c", "3,d,e", "4", "5,f", "x,g"]

    _, said = read("x,t\n" + "\n".join(lines), {"x": "number", "t": "text"})

    assert "2 times, first in row 3: 'bad'" in said[0]


def test_row_numbers_go_on_from_range_to_range(read, monkeypatch):
    # A row is 4 bytes, so that a range is some 16 rows.
    monkeypatch.setattr(csv_ranges, "RANGE_BYTES", 64)
    rows = ["1,a"] * 100
    rows[70], rows[80], rows[90] = "bad,a", "2", "3,b,c"

    found, said = read("x,t\n" + "\n".join(rows) + "\n", {"x": "number", "t": "text"})

    assert len(found["x"]) == 97
    assert "once, first in row 71: 'bad'" in said[0]
    assert "2 times, first in row 81: '2'" in said[1]


def test_a_problem_after_rows_left_out_in_another_range_has_its_own_row(read, monkeypatch):
    monkeypatch.setattr(csv_ranges, "RANGE_BYTES", 64)
    rows = ["1,a"] * 100
    rows[10], rows[20], rows[90] = "2", "3", "bad,a"

    _, said = read("x,t\n" + "\n".join(rows) + "\n", {"x": "number", "t": "text"})

    assert "once, first in row 91: 'bad'" in said[0]


def test_quoted_values_hold_newlines_delimiters_and_quotes(read):
    found, said = read('x,t\n1,"a\nb, c ""d"""\n2,e\nbad,f\n', {"x": "number", "t": "text"})

    assert found["t"] == ['a\nb, c "d"', "e"]
    assert "first in row 3: 'bad'" in said[0]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
            lambda text: text not in MISSING
        )
    )
)
def test_any_text_that_python_writes_is_read_as_it_was(tmp_path_factory, texts):
    file = tmp_path_factory.mktemp("text") / "rows.csv"
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, quoting=csv.QUOTE_ALL)
        writer.writerows([("t",), *((text,) for text in texts)])
    values = {"format": "csv", "columns": {"t": "text"}, "label": "t", "split": HASH}
    findings = Findings()

    batches = list(reading.typed_batches(file, Table.model_validate(values), findings))

    assert [text for batch in batches for text in batch.column("t").to_pylist()] == texts
    assert list(findings.sentences()) == []


def test_another_delimiter_leaves_commas_in_values(read):
    found, _ = read("x;t\n1;a,b\n", {"x": "number", "t": "text"}, delimiter=";")

    assert found == {"x": [1], "t": ["a,b"]}


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_names_or_values(read):
    found, said = read(b"\xef\xbb\xbfx,t\r\n1,a\r\n2,b\r\n", {"x": "number", "t": "text"})

    assert found == {"x": [1, 2], "t": ["a", "b"]}
    assert said == []


def test_text_of_every_language_is_read_as_it_stands(read):
    found, _ = read("é a,t\nÄ b,写\n", {"é a": "text", "t": "text"})

    assert found == {"é a": ["Ä b"], "t": ["写"]}


def test_a_value_that_is_not_utf8_is_told_with_its_row(read):
    found, said = read(b"t,x\na,1\nZo\xe9,2\n", {"t": "text", "x": "number"})

    assert found["t"] == ["a"]
    assert said == [
        "column 't': text that is not UTF-8: once, first in row 2: 'Zo\\\\xe9'. "
        "Name the encoding in data.encoding, such as latin-1"
    ]


# PyArrow 18 prints that it cannot hand over the text of such a row, then stops.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_row_of_another_width_that_is_not_utf8_ends_the_reading(read):
    with pytest.raises(DataError, match="row 2 has more or fewer than 2 values and is not UTF-8"):
        read(b"t,x\na,1\nZo\xe9,2,3\n", {"t": "text", "x": "number"})


def test_moments_are_written_alike(read):
    lines = ["2013-01-01", "2013-01-01 05:15", "2013-01-01T05", "2016-02-29T23:59:59.999999"]

    found, said = read("\n".join(["when", *lines]), {"when": "time"})

    assert found["when"] == [
        "2013-01-01T00:00:00",
        "2013-01-01T05:15:00",
        "2013-01-01T05:00:00",
        "2016-02-29T23:59:59",
    ]
    assert said == []


@pytest.mark.parametrize("text", ["yesterday", "2013-02-30", "2013-01-01T05:15:00Z", "01/02/2013"])
def test_what_is_no_moment_without_time_zone_is_told(read, text):
    found, said = read(f"when\n2013-01-01\n{text}\n", {"when": "time"})

    assert found["when"] == ["2013-01-01T00:00:00"]
    assert said == [
        f"column 'when': values that are not moments: once, first in row 2: '{text}'. "
        "Expected ISO 8601 without time zone, such as 2013-01-01T05:15:00"
    ]


def test_labels_that_are_no_class_are_told_and_missing_ones_are_not(read):
    _, said = read("y\nno\nyes\nNA\nYes\n", {"y": "text"}, classes=["no", "yes"])

    assert said == [
        "column 'y': labels that are no class: once, first in row 4: 'Yes'. "
        "Expected 'no', 'yes': correct them, or label.classes"
    ]


def test_a_column_that_only_splits_is_read_beside_the_features(read):
    split = {"by": "time", "column": "when", "train": "2012-01-01/2012-12-31"}
    split["eval"] = "2013-01-01/2013-12-31"

    found, _ = read("x,when\n1,2013-01-01\n", {"x": "number"}, split=split)

    assert found == {"x": [1], "when": ["2013-01-01T00:00:00"]}


def test_a_column_that_is_not_asked_for_is_not_looked_at(read):
    found, said = read(b"x,t\n1,\xe9\n", {"x": "number"})

    assert found == {"x": [1]}
    assert said == []


def test_a_header_without_rows_gives_none(read):
    assert read("x,t\n", {"x": "number", "t": "text"}) == ({"x": [], "t": []}, [])


@pytest.mark.parametrize("content", ["", "x\n1\n"])
def test_a_file_without_a_column_is_refused(read, content):
    with pytest.raises(DataError, match=r"rows.csv: no column 't', which the spec names. Columns"):
        read(content, {"t": "text"})
