"""Arrow files, JSON lines and TFRecords as rows, and what is said of those that do not fit."""

import gzip
import json

import pyarrow as pa
import pyarrow.feather
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.example_gen import reading
from components.example_gen.config import Form, Table
from components.example_gen.findings import Findings
from components.example_gen.readers import json_lines, ranges
from modules.errors import DataError

COLUMNS = {"x": "number", "t": "text"}


@pytest.fixture
def read(tmp_path):
    """The rows of a file, and the sentences about it without its path."""

    def read(name, data_format, columns=COLUMNS, **table):
        file = tmp_path / name
        split = {"by": "hash", "train": 0.5, "eval": 0.5}
        values = {"label": next(iter(columns)), "split": split, **table}
        typed = Table.model_validate({"format": data_format, "columns": columns, **values})
        findings = Findings()
        rows = [
            tuple(row.values())
            for batch in reading.typed_batches(file, typed, findings)
            for row in batch.to_pylist()
        ]
        return rows, [text.replace(f"{file}: ", "") for text in findings.sentences()]

    return read


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_an_arrow_file_is_read_by_its_batches(read, tmp_path, monkeypatch, compression):
    table = pa.table({"t": ["a", None, "c", "NA"], "x": [1, 2, None, 4], "other": [0] * 4})
    pyarrow.feather.write_feather(table, tmp_path / "a.arrow", compression, chunksize=3)
    monkeypatch.setattr(ranges, "RANGE_ROWS", 2)

    assert read("a.arrow", "arrow") == ([(1, "a"), (2, None), (None, "c"), (4, None)], [])


def test_rows_of_an_arrow_file_are_counted_over_its_batches(read, tmp_path):
    table = pa.table({"t": ["a"] * 4, "x": ["1", "2", "3", "bad"]})
    pyarrow.feather.write_feather(table, tmp_path / "a.feather", chunksize=3)

    rows, said = read("a.feather", "arrow")

    assert rows == [(1, "a"), (2, "a"), (3, "a")]
    assert "column 'x': values that are not numbers: once, first in row 4: 'bad'" in said[0]


def test_an_arrow_file_that_ends_too_soon_is_refused(read, tmp_path):
    pyarrow.feather.write_feather(pa.table({"x": [1], "t": ["a"]}), tmp_path / "whole.arrow")
    (tmp_path / "a.arrow").write_bytes((tmp_path / "whole.arrow").read_bytes()[:-20])

    with pytest.raises(DataError, match=r"a.arrow: is not an Arrow file"):
        read("a.arrow", "arrow")


def test_a_parquet_file_that_ends_too_soon_is_refused(read, tmp_path):
    pa.parquet.write_table(pa.table({"x": [1], "t": ["a"]}), tmp_path / "whole.parquet")
    (tmp_path / "a.parquet").write_bytes((tmp_path / "whole.parquet").read_bytes()[:-20])

    with pytest.raises(DataError, match=r"a.parquet: is not a Parquet file"):
        read("a.parquet", "parquet")


LINES = [
    '{"x": 1, "t": "a", "other": [1]}',
    '{"t": "é"}',
    "",
    '{"x": null, "t": true}',
    '{"x": 2.5, "t": 3}',
    '{"x": NaN, "t": "NA"}',
    '{"x": "4", "t": 1.0}',
    '{"x": false, "t": 9007199254740993}',
]
VALUES = [(1, "a"), (None, "é"), (None, "true"), (2.5, "3"), (None, None), (4, "1")]
VALUES += [(None, "9007199254740993")]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_json_lines_are_read_by_their_keys(read, tmp_path, suffix):
    content = "\n".join(LINES).encode()
    (tmp_path / f"a.jsonl{suffix}").write_bytes(gzip.compress(content) if suffix else content)

    rows, said = read(f"a.jsonl{suffix}", "jsonl")

    assert rows == VALUES[:-1]
    assert said == [
        "column 'x': values that are not numbers: once, first in row 8: 'false'. Correct them, "
        "add the text to data.missing, or make the feature categorical"
    ]


def test_numbers_of_json_are_numbers_and_booleans_are_texts(read, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"x": 1}\n{"x": -2.5e3}\n{"x": true}\n')

    rows, said = read("a.jsonl", "jsonl", {"x": "number"})

    assert rows == [(1,), (-2500,)]
    assert "values that are not numbers: once, first in row 3: 'true'" in said[0]


values_of_json = st.lists(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text("a1. ")
    | st.sampled_from([0, 1, 1.5, 1e10, 10**10, 1e15, 10**15, True, "\ud800"]),
    min_size=1, max_size=9,
)  # fmt: skip


@settings(max_examples=150)
@given(values_of_json, st.sampled_from(["number", "text"]))
def test_a_value_of_json_is_the_same_whatever_stands_beside_it(tmp_path_factory, values, kind):
    file = tmp_path_factory.mktemp("json") / "a.jsonl"
    split = {"by": "hash", "train": 0.5, "eval": 0.5}
    table = Table.model_validate(
        {"format": "jsonl", "columns": {"x": kind}, "label": "x", "split": split}
    )

    def found(values):
        file.write_text("".join(json.dumps({"x": value}) + "\n" for value in values))
        batches = reading.typed_batches(file, table, Findings())
        return [value for batch in batches for value in batch.column("x").to_pylist()]

    assert found(values) == [each for value in values for each in found([value])]


@pytest.mark.parametrize("line", ["{", "[1]", "1", '"a"', "x,t", "[" * 5000])
def test_a_line_that_is_no_object_is_told_and_left_out(read, tmp_path, line):
    (tmp_path / "a.jsonl").write_text(f'{{"x": 1, "t": "a"}}\n{line}\n{{"x": 2, "t": "b"}}\n')

    rows, said = read("a.jsonl", "jsonl")

    assert rows == [(1, "a"), (2, "b")]
    assert said[0].startswith(f"lines that are no JSON objects: once, first in row 2: '{line[:9]}")


def test_objects_and_lists_in_json_are_told_and_their_rows_left_out(read, tmp_path):
    lines = ['{"x": 1, "t": "a"}', '{"x": {"y": 1}, "t": "b"}', '{"x": 2, "t": [1]}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))

    rows, said = read("a.jsonl", "jsonl")

    assert rows == [(1, "a")]
    assert "column 't': values that are objects or lists: once, first in row 3: '[1]'" in said[0]
    assert (
        "column 'x': values that are objects or lists: once, first in row 2: '{\"y\": 1}'"
        in (said[1])
    )


def test_json_lines_are_read_in_ranges(read, tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "RANGE_BYTES", 64)
    lines = [f'{{"x": {number}, "t": "a"}}' for number in range(40)]
    lines[30] = '{"x": "bad"}'
    (tmp_path / "a.jsonl").write_text("\n".join(lines))

    rows, said = read("a.jsonl", "jsonl")

    assert [row[0] for row in rows] == [number for number in range(40) if number != 30]
    assert "first in row 31: 'bad'" in said[0]


def test_the_columns_of_json_lines_are_the_keys_of_all_of_them(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"b": 1}\nno\n{"a": 1, "b": 2}\n')

    assert reading.columns(tmp_path / "a.jsonl", "jsonl", Form()) == ["b", "a"]


def write_examples(file, *examples, kind=""):
    with tf.io.TFRecordWriter(str(file), kind) as writer:
        for example in examples:
            writer.write(
                tf.train.Example(features=tf.train.Features(feature=example)).SerializeToString()
            )


def feature(*values):
    if all(isinstance(value, bytes) for value in values):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if all(isinstance(value, int) for value in values):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


@pytest.mark.parametrize(("name", "kind"), [("a.tfrecord", ""), ("a.tfrecord.gz", "GZIP")])
def test_examples_are_read_by_their_features(read, tmp_path, name, kind):
    write_examples(
        tmp_path / name,
        {"x": feature(1.5), "t": feature(b"a")},
        {"t": tf.train.Feature()},
        {"x": tf.train.Feature(), "t": feature("é".encode())},
        kind=kind,
    )

    assert read(name, "tfrecord") == ([(1.5, "a"), (None, None), (None, "é")], [])


def test_whole_numbers_of_examples_are_numbers_or_text(read, tmp_path):
    write_examples(tmp_path / "a.tfrecord", {"x": feature(1), "t": feature(2)})

    assert read("a.tfrecord", "tfrecord") == ([(1, "2")], [])


def test_a_feature_with_several_values_is_told_and_its_row_left_out(read, tmp_path):
    write_examples(
        tmp_path / "a.tfrecord",
        {"x": feature(1.5), "t": feature(b"a")},
        {"x": feature(1.5, 2.5), "t": feature(b"b")},
    )

    rows, said = read("a.tfrecord", "tfrecord")

    assert rows == [(1.5, "a")]
    assert "column 'x': examples with several values: once, first in row 2: '[1.5, 2.5]'" in said[0]


def test_a_feature_that_no_example_has_is_missing_in_all(read, tmp_path):
    write_examples(tmp_path / "a.tfrecord", {"x": feature(1.5)})

    assert read("a.tfrecord", "tfrecord") == ([(1.5, None)], [])
    assert reading.columns(tmp_path / "a.tfrecord", "tfrecord", Form()) == ["x"]


def test_a_file_that_is_no_tfrecord_is_refused(read, tmp_path):
    (tmp_path / "a.tfrecord").write_text("x,t\n1,a\n" * 9)

    with pytest.raises(DataError, match=r"a.tfrecord: is no TFRecord of tf.Examples: corrupted"):
        read("a.tfrecord", "tfrecord")


def test_a_tfrecord_that_ends_too_soon_is_refused(read, tmp_path):
    write_examples(tmp_path / "whole", *[{"x": feature(1.5), "t": feature(b"a")}] * 3)
    (tmp_path / "a.tfrecord").write_bytes((tmp_path / "whole").read_bytes()[:-20])

    with pytest.raises(DataError, match=r"a.tfrecord: is no TFRecord of tf.Examples: truncated"):
        read("a.tfrecord", "tfrecord")


def test_records_of_something_else_are_refused(read, tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as writer:
        writer.write(b"no example")

    with pytest.raises(DataError, match=r"a.tfrecord: is no TFRecord of tf.Examples"):
        read("a.tfrecord", "tfrecord")
