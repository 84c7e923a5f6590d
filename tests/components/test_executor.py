"""Rows from files to splits of tf.Examples, through Beam, as TFX runs it."""

import errno
import json
import pathlib
import tempfile

import pyarrow as pa
import pyarrow.parquet
import pytest
import tensorflow as tf
from google.protobuf import json_format, wrappers_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts
from tfx.types.artifact_utils import decode_split_names

from components.example_gen import ingest as ingest_module
from components.example_gen import reading
from components.example_gen.component import TableExampleGen
from components.example_gen.config import Table
from components.example_gen.executor import ROWS_PROPERTY, Executor
from components.example_gen.files import Source
from components.example_gen.readers import csv_ranges
from modules.errors import DataError
from pipeline.beam import Beam, beam_args

COLUMNS = {"x": "number", "t": "text", "late": "text"}
BY_COLUMN = {"by": "column", "column": "fold"}


class Ingested:
    """The Examples artifact, with the rows of each split and the rejects read back."""

    def __init__(self, artifact):
        files = sorted(pathlib.Path(artifact.uri).glob("rejects/*.jsonl"))
        self.rejects = [
            json.loads(line) for file in files for line in file.read_text().splitlines()
        ]
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
        folder.mkdir(exist_ok=True)
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
        examples.uri = tempfile.mkdtemp(dir=tmp_path)
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
    monkeypatch.setattr(csv_ranges, "RANGE_BYTES", 64)
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
    assert "b.csv: no column 'late', which the spec names. Columns: x, t, fold" in said[1]
    assert "c.csv: rows with more or fewer than 4 values: once, first in row 2: '2,a'" in said[2]
    assert len(said) == 3


LINES = ["1,a,1,train", "bad,a,0,eval", "2,b", "3,é,0,eval", "4,c,1,test", "5,d,,train"]


def test_rows_that_cannot_be_read_are_rejected_with_line_and_reason_as_far_as_allowed(ingest):
    content = "\n".join(["x,t,late,fold", *LINES, ""])

    found = ingest({"rows.csv": content}, max_rejects=0.4)

    # 2 of 6 rows, 33 %
    assert found.counts == {
        "train": 1, "eval": 1, "rejected": 2, "without label": 1, "in no split": 1
    }  # fmt: skip
    assert [row["x"] for rows in found.rows.values() for row in rows] == [1, 3]
    kept = ("line", "row", "column", "value", "reason")
    assert sorted([entry[name] for name in kept] for entry in found.rejects) == [
        [3, 2, "x", "bad", "values that are not numbers"],
        [4, 3, None, "2,b", "rows with more or fewer than 4 values"],
    ]
    assert found.rejects[0]["file"].endswith("data/rows.csv")


def test_more_rejects_than_allowed_stop_the_run_with_all_that_is_wrong(ingest):
    content = "\n".join(["x,t,late,fold", *LINES, ""])

    with pytest.raises(DataError) as raised:
        ingest({"rows.csv": content}, max_rejects=0.3)

    share, *said = raised.value.problems
    assert share == "data.max_rejects: 2 of 6 rows cannot be read, 33.33%; expected 30.00% at most"
    assert "first in row 2: 'bad'" in said[0]
    assert "first in row 3: '2,b'" in said[1]


def test_a_file_that_cannot_be_read_stops_the_run_whatever_is_allowed(ingest):
    files = {"a.csv": "x,t,late,fold\n1,a,1,train\n2,a,0,eval\n", "b.csv": "x,t\n1,a\n"}

    with pytest.raises(DataError, match=r"b.csv: no column 'late'"):
        ingest(files, max_rejects=0.9)


def test_a_file_with_a_header_only_is_fine_beside_others(ingest):
    header = "x,t,late,fold\n"

    found = ingest({"a.csv": header, "b.csv": f"{header}1,a,1,train\n2,a,0,eval\n"})

    assert found.counts == {"train": 1, "eval": 1}


def test_columns_of_several_files_may_stand_in_different_order(ingest):
    files = {"a.csv": "x,t,late,fold\n1,a,1,train\n", "b.csv": "fold,late,t,x\neval,0,b,2\n"}

    found = ingest(files)

    assert found.rows == {
        "train": [{"x": 1, "t": "a", "late": "1"}], "eval": [{"x": 2, "t": "b", "late": "0"}]
    }  # fmt: skip


def test_a_file_that_changes_while_it_is_read_stops_the_run(ingest, tmp_path, monkeypatch):
    def grow(part, *rest):
        with pathlib.Path(part.file).open("a") as file:
            file.write("3,a,1,train\n")
        return read(part, *rest)

    read = reading.read
    monkeypatch.setattr(reading, "read", grow)

    with pytest.raises(DataError, match=r"rows.csv: changed while it was read. Start the run"):
        ingest({"rows.csv": "x,t,late,fold\n1,a,1,train\n2,a,0,eval\n"})


@pytest.mark.parametrize("file", ["a.csv", "b.csv"])  # written while another is read, and last
def test_a_disk_that_is_full_stops_the_run_whichever_batch_it_is(ingest, monkeypatch, file):
    def full_at(path, batch):
        if any(value.as_py() == file for value in batch["t"]):
            raise OSError(errno.ENOSPC, "No space left on device", path)
        return write(path, batch)

    write = ingest_module.parquet.write
    monkeypatch.setattr(ingest_module.parquet, "write", full_at)
    files = {
        name: f"x,t,late,fold\n1,{name},1,train\n2,{name},0,eval\n" for name in ("a.csv", "b.csv")
    }

    with pytest.raises(RuntimeError, match="No space left on device"):  # Beam wraps it
        ingest(files)


rows = st.lists(st.sampled_from(LINES), min_size=1, max_size=40)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows, st.integers(16, 200))
def test_no_row_is_lost_without_being_counted(ingest, some, size):
    lines = [*LINES, *some]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_ranges, "RANGE_BYTES", size)

        found = ingest({"rows.csv": "\n".join(["x,t,late,fold", *lines, ""])}, max_rejects=0.99)

    assert sum(found.counts.values()) == len(lines)
    assert found.counts["rejected"] == lines.count(LINES[1]) + lines.count(LINES[2])
    for split in found.splits:
        assert found.counts[split] == len(found.rows[split])


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
