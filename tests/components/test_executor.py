"""Rows from files to splits of tf.Examples, through Beam, as TFX runs it."""

import json

import pyarrow as pa
import pyarrow.parquet
import pytest
import tensorflow as tf
from google.protobuf import json_format, wrappers_pb2
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts
from tfx.types.artifact_utils import decode_split_names

from components.example_gen import reading
from components.example_gen.component import TableExampleGen
from components.example_gen.config import Table
from components.example_gen.executor import ROWS_PROPERTY, Executor
from components.example_gen.files import Source
from modules.errors import DataError
from pipeline.beam import Beam, beam_args

COLUMNS = {"x": "number", "t": "text", "late": "text"}
BY_COLUMN = {"by": "column", "column": "fold"}


class Ingested:
    """The Examples artifact, with the rows of each split read back."""

    def __init__(self, artifact):
        self.splits = decode_split_names(artifact.split_names)
        self.counts = json.loads(artifact.get_string_custom_property(ROWS_PROPERTY))
        self.format = artifact.get_string_custom_property("payload_format")
        self.rows = {name: list(_rows(f"{artifact.uri}/Split-{name}")) for name in self.splits}


def _rows(folder):
    files = sorted(tf.io.gfile.glob(f"{folder}/*"))
    for record in tf.data.TFRecordDataset(files, compression_type="GZIP"):
        example = tf.train.Example.FromString(record.numpy())
        yield {name: _value(feature) for name, feature in example.features.feature.items()}


def _value(feature):
    values = feature.float_list.value or feature.bytes_list.value
    assert len(values) <= 1
    return next((v.decode() if isinstance(v, bytes) else v for v in values), None)


@pytest.fixture
def ingest(tmp_path):
    """Runs the executor with the properties that the component itself makes."""

    def ingest(files, pattern="*", columns=COLUMNS, split=BY_COLUMN, **table):
        folder = tmp_path / "data"
        folder.mkdir()
        for name, content in files.items():
            if isinstance(content, pa.Table):
                pyarrow.parquet.write_table(content, folder / name)
            else:
                (folder / name).write_text(content, encoding="utf-8")
        values = {"format": "csv", "columns": columns, "label": "late", "split": split, **table}
        component = TableExampleGen(
            Source(folder, pattern, values["format"]), Table.model_validate(values)
        )
        examples = standard_artifacts.Examples()
        examples.uri = str(tmp_path / "examples")
        context = Executor.Context(
            beam_pipeline_args=beam_args(Beam()), tmp_dir=str(tmp_path / "tmp"), unique_id="1"
        )
        Executor(context).Do({}, {"examples": [examples]}, dict(component.exec_properties))
        return Ingested(examples)

    return ingest


def test_the_rows_of_a_table_are_those_of_the_examples(ingest):
    content = "x,t,late,fold,other\n1.5,a,1,train,z\n,é,0,train,z\n3,,1,eval,z\n-4,b,0,eval,z\n"

    found = ingest({"rows.csv": content})

    assert found.splits == ["train", "eval"]
    assert found.rows == {
        "train": [{"x": 1.5, "t": "a", "late": "1"}, {"x": None, "t": "é", "late": "0"}],
        "eval": [{"x": 3, "t": None, "late": "1"}, {"x": -4, "t": "b", "late": "0"}],
    }
    assert found.counts == {"train": 2, "eval": 2}
    assert found.format == "FORMAT_TF_EXAMPLE"


def test_rows_without_label_and_rows_of_no_split_are_left_out_and_counted(ingest):
    content = "x,t,late,fold\n1,a,1,train\n2,a,,train\n3,a,0,eval\n4,a,0,test\n5,a,0,\n"

    found = ingest({"rows.csv": content})

    assert [row["x"] for rows in found.rows.values() for row in rows] == [1, 3]
    assert found.counts == {"train": 1, "eval": 1, "without label": 1, "in no split": 2}


def test_several_files_are_read_in_several_batches(ingest, monkeypatch):
    monkeypatch.setattr(reading, "_BLOCK_BYTES", 64)
    lines = [f"{number},a,1,{'train' if number % 2 else 'eval'}" for number in range(40)]
    files = {
        name: "\n".join(["x,t,late,fold", *some]) + "\n"
        for name, some in {"b.csv": lines[:10], "a.csv": lines[10:]}.items()
    }

    found = ingest(files, "*.csv")

    assert sorted(row["x"] for row in found.rows["train"]) == list(range(1, 40, 2))
    assert sorted(row["x"] for row in found.rows["eval"]) == list(range(0, 40, 2))
    assert found.counts == {"train": 20, "eval": 20}


def test_parquet_gives_the_same_examples_as_csv(ingest):
    table = pa.table(
        {"x": [1.5, None], "t": ["a", None], "late": [1, 0], "fold": ["train", "eval"]}
    )

    found = ingest({"rows.parquet": table}, format="parquet")

    assert found.rows == {
        "train": [{"x": 1.5, "t": "a", "late": "1"}],
        "eval": [{"x": None, "t": None, "late": "0"}],
    }


def test_every_row_falls_into_a_split_by_hash(ingest):
    lines = "".join(f"{number},a,{number % 2}\n" for number in range(200))
    split = {"by": "hash", "train": 0.6, "valid": 0.2, "eval": 0.2}

    found = ingest({"rows.csv": f"x,t,late\n{lines}"}, split=split)

    assert found.splits == ["train", "valid", "eval"]
    rows = [row["x"] for name in found.splits for row in found.rows[name]]
    assert sorted(rows) == list(range(200))


def test_problems_of_all_files_are_told_together(ingest):
    files = {
        "a.csv": "x,t,late,fold\n1,a,1,train\nbad,a,1,eval\n",
        "b.csv": "x,t,fold\n1,a,train\n",
        "c.csv": "x,t,late,fold\n1,a,1,train\n2,a\n",
    }

    with pytest.raises(DataError) as raised:
        ingest(files)

    said = sorted(raised.value.problems)
    assert "a.csv: column 'x': values that are not numbers: once, first in row 2: 'bad'" in said[0]
    assert "b.csv: cannot be read: Column 'late' in include_columns does not exist" in said[1]
    assert "c.csv: rows with more or fewer than 4 values: once, first in row 2: '2,a'" in said[2]
    assert len(said) == 3


YEARS = {"train": "2012-01-01/2012-12-31", "eval": "2014-01-01/2014-12-31"}


@pytest.mark.parametrize(
    ("content", "table", "problem"),
    [
        ("x,t,late,fold\n", {}, r"^data.source: holds no rows, only a header. Give a file with"),
        (
            "x,t,late,fold\n1,a,,train\n2,a,NA,eval\n",
            {},
            r"^label.column: 'late' has no value in any of 2 rows. Name the column that holds",
        ),
        (
            "x,t,late,fold\n1,a,1,train\n2,a,0,test\n",
            {},
            r"^data.split.eval: no row falls into 'eval'. "
            r"Rows found: {'in no split': 1, 'train': 1}",
        ),
        (
            "x,t,late,when\n1,a,1,2012-05-05\n2,a,0,2013-01-01 07:00\n",
            {"split": {"by": "time", "column": "when", **YEARS}},
            r"^data.split.eval: no row falls into '2014-01-01/2014-12-31'; 'when' runs from "
            r"2012-05-05T00:00:00 to 2013-01-01T07:00:00",
        ),
    ],
    ids=["header only", "no label", "empty split", "empty interval"],
)
def test_a_split_without_rows_stops_the_run(ingest, content, table, problem):
    with pytest.raises(DataError, match=problem):
        ingest({"rows.csv": content}, **table)


def test_the_component_tells_the_executor_all_it_needs_as_json(tmp_path):
    split = {"by": "hash", "train": 0.8, "valid": 0.1, "eval": 0.1}
    values = {"format": "csv", "columns": COLUMNS, "label": "late", "split": split}
    table = Table.model_validate(values)

    properties = TableExampleGen(Source(tmp_path, "*.csv", "csv"), table).exec_properties

    config = json_format.Parse(properties["custom_config"], example_gen_pb2.CustomConfig())
    text = wrappers_pb2.StringValue()
    config.custom_config.Unpack(text)
    assert Table.model_validate_json(text.value) == table
    outputs = json_format.Parse(properties["output_config"], example_gen_pb2.Output())
    assert [each.name for each in outputs.split_config.splits] == ["train", "valid", "eval"]
