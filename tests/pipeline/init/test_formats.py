"""`headrace init` on every format that a run reads."""

import gzip
import json

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
import tensorflow as tf

from pipeline.init.source import locate
from pipeline.local.preflight import check_before

ROWS = [
    {"x": row * 37 % 101 / 10, "t": "abcd"[row % 4], "y": "yes" if row % 3 else "no"}
    for row in range(100)
]


def write(path):
    table = pa.Table.from_pylist(ROWS)
    match path.suffixes:
        case [".csv", ".gz"]:
            lines = ["x,t,y", *(f"{row['x']},{row['t']},{row['y']}" for row in ROWS)]
            path.write_bytes(gzip.compress("\n".join(lines).encode()))
        case [".parquet"]:
            pa.parquet.write_table(table, path)
        case [".arrow"]:
            pa.feather.write_feather(table, path)
        case [".jsonl"]:
            path.write_text("\n".join(json.dumps(row) for row in ROWS))
        case _:
            with tf.io.TFRecordWriter(str(path)) as writer:
                for row in ROWS:
                    writer.write(example(row))


def example(row):
    found = tf.train.Example()
    found.features.feature["x"].float_list.value.append(row["x"])
    for name in ("t", "y"):
        found.features.feature[name].bytes_list.value.append(row[name].encode())
    return found.SerializeToString()


@pytest.mark.parametrize(
    ("name", "data_format"),
    [
        ("table.csv.gz", "csv"),
        ("table.parquet", "parquet"),
        ("table.arrow", "arrow"),
        ("table.jsonl", "jsonl"),
        ("table.tfrecord", "tfrecord"),
    ],
)
def test_the_spec_of_any_format_can_be_run(make, tmp_path, name, data_format):
    write(tmp_path / name)

    made = make(tmp_path / name, "y")

    assert made.spec.data.source == name
    assert made.spec.data.format is None  # the name tells
    assert made.spec.label.classes == ("no", "yes")
    kinds = {column: feature.kind for column, feature in made.spec.features.items()}
    assert kinds == {"x": "numeric", "t": "categorical"}
    assert locate(str(tmp_path / name), None, {}).format == data_format
    assert check_before(made.spec, made.folder, []) == []


@pytest.mark.parametrize("name", ["table.arrow", "table.jsonl", "table.parquet"])
def test_a_format_that_the_name_does_not_tell_is_told_by_its_first_bytes(make, tmp_path, name):
    write(tmp_path / name)
    bare = (tmp_path / name).rename(tmp_path / "part-0")

    made = make(bare, "y")

    assert made.spec.data.format == locate(str(bare), None, {}).format
    assert set(made.spec.features) == {"x", "t"}


def test_columns_of_lists_are_left_out_of_an_arrow_file(make, tmp_path):
    table = pa.Table.from_pylist([{**row, "list": [1, 2]} for row in ROWS])
    pa.feather.write_feather(table, tmp_path / "table.arrow")

    made = make(tmp_path / "table.arrow", "y")

    assert made.spec.data.ignore == ("list",)
    assert made.line('"list"').endswith("# list<item: int64>, not single values")
