"""Rows of every format get the scores that the served signature gives."""

import datetime
import gzip
import json

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.example_gen.readers import csv_ranges

ROWS = [
    {"id": "a", "x": 1.5, "carrier": "UA", "sched dep": "2013-01-01T05:15:00"},
    {"id": "b", "carrier": "é", "sched dep": "2013-07-04T23:00:00"},
    {"id": "c", "x": -3.0, "sched dep": "2013-12-31T00:00:00"},
]
CSV = """id,x,carrier,sched dep
a,1.5,UA,2013-01-01T05:15:00
b,,é,2013-07-04T23:00:00
c,-3,,2013-12-31T00:00:00
"""


def write(folder, name, serialized):
    """The rows in the format that the name tells."""
    path = folder / name
    text = pa.string()
    types = {"id": text, "x": pa.float64(), "carrier": text, "sched dep": text}
    table = pa.Table.from_pylist(ROWS, pa.schema(types))
    match name.partition(".")[2]:
        case "csv":
            path.write_text(CSV)
        case "csv.gz":
            path.write_bytes(gzip.compress(CSV.encode()))
        case "parquet":
            pq.write_table(table, path)
        case "arrow":
            pyarrow.feather.write_feather(table, path)
        case "jsonl":
            path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
        case "tfrecord":
            with tf.io.TFRecordWriter(str(path)) as file:
                for row in ROWS:
                    file.write(serialized(row))


@pytest.mark.parametrize(
    "name", ["in.csv", "in.csv.gz", "in.parquet", "in.arrow", "in.jsonl", "in.tfrecord"]
)
def test_scores_are_those_of_the_served_signature_to_the_bit(
    here, predict, scored, by_hand, serialized, name
):
    write(here, name, serialized)

    result = predict(name, "--output", "scores.parquet", "--keep", "id")

    assert result.exit_code == 0, result.output
    assert scored() == {"id": ["a", "b", "c"], "probability": by_hand(ROWS)}
    assert "3 rows scored in " in result.output
    assert "Wrote scores.parquet with runs/serving/1700000000: id, probability" in result.output
    assert sorted(path.name for path in here.iterdir()) == sorted([name, "runs", "scores.parquet"])


def test_tf_examples_are_answered_alike_to_the_bit(model, by_hand, serialized):
    examples = tf.constant([serialized(row) for row in ROWS])

    answer = tf.saved_model.load(str(model)).signatures["serving_default"](examples=examples)

    assert answer["probability"].numpy().ravel().tolist() == by_hand(ROWS)


def test_json_lines_hold_the_same_scores_as_parquet(here, predict, scored):
    (here / "in.csv").write_text(CSV)

    predict("in.csv", "-o", "scores.parquet", "--keep", "id")
    predict("in.csv", "-o", "scores.jsonl", "--keep", "id")

    assert scored("scores.jsonl") == scored("scores.parquet")


SINGLE = st.floats(-1e6, 1e6, width=32)
MOMENTS = st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2040, 1, 1))  # noqa: DTZ001
TABLES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "x": SINGLE,
            "carrier": st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1),
            "sched dep": MOMENTS.map(lambda moment: moment.isoformat(timespec="seconds")),
        },
    ),
    min_size=1,
    max_size=60,
)
MISSING = {"NA", "N/A", "NaN", "nan", "NULL", "null"}  # `data.missing`


def known(row):
    """A row as the model is given it: without what stands for a missing value."""
    return {name: value for name, value in row.items() if value not in MISSING}


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TABLES)
def test_any_rows_get_the_scores_of_the_served_signature(here, predict, scored, by_hand, rows):
    rows = [{"carrier": "UA"}, *rows]  # a column of the model
    (here / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    result = predict("in.jsonl", "-o", "scores.parquet", "--force")

    assert result.exit_code == 0, result.output
    assert scored()["probability"] == by_hand([known(row) for row in rows])


def test_the_order_is_that_of_the_input_over_files_and_ranges(here, predict, scored, monkeypatch):
    monkeypatch.setattr(csv_ranges, "RANGE_BYTES", 64)
    (here / "day").mkdir()
    for name, numbers in {"b.csv": range(40, 60), "a.csv": range(40)}.items():
        lines = "".join(f"{number},{number / 7},UA\n" for number in numbers)
        (here / "day" / name).write_text(f"id,x,carrier\n{lines}")

    predict("day", "-o", "folder.jsonl", "--keep", "id")
    predict("day/*.csv", "-o", "glob.jsonl", "--keep", "id")

    assert scored("folder.jsonl")["id"] == [str(number) for number in range(60)]
    assert scored("glob.jsonl") == scored("folder.jsonl")


def test_a_kept_column_has_the_type_that_the_file_gives_it(here, predict):
    table = pa.table(
        {"id": pa.array([2**60, None]), "x": [1.0, 2.0], "ok": [True, False], "at": ["a", "b"]}
    )
    pq.write_table(table, here / "in.parquet")

    predict("in.parquet", "-o", "scores.parquet", "--keep", "ok", "--keep", "id", "--keep", "x")

    found = pq.read_table(here / "scores.parquet")
    assert found.schema.names == ["ok", "id", "x", "probability"]
    assert found.schema.types == [pa.bool_(), pa.int64(), pa.float64(), pa.float32()]
    assert found["id"].to_pylist() == [2**60, None]


def test_a_column_that_the_model_reads_can_be_kept_as_it_is_written(here, predict, scored, by_hand):
    (here / "in.csv").write_text("x,carrier\n1.50,UA\n")

    predict("in.csv", "-o", "scores.jsonl", "--keep", "x")

    assert scored("scores.jsonl") == {
        "x": ["1.50"],
        "probability": by_hand([{"x": 1.5, "carrier": "UA"}]),
    }


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_no_rows_give_a_file_without_rows(here, predict, ending):
    (here / "in.csv").write_text("id,x,carrier\n")

    result = predict("in.csv", "-o", f"scores.{ending}", "--keep", "id")

    assert result.exit_code == 0, result.output
    assert "0 rows scored" in result.output
    if ending == "parquet":
        found = pq.read_table(here / "scores.parquet")
        assert (found.num_rows, found.schema.names) == (0, ["id", "probability"])
        assert found.schema.types == [pa.string(), pa.float32()]
    else:
        assert (here / "scores.jsonl").read_bytes() == b""


@pytest.mark.parametrize(
    ("label", "values", "columns"),
    [
        (
            {"column": "y", "task": "multiclass", "classes": ["a", "b", "ç"]},
            ["a", "b", "ç"],
            {"class": pa.string(), "probabilities": pa.list_(pa.float32())},
        ),
        ({"column": "y", "task": "regression"}, [1.0, 2.0, 6.0], {"prediction": pa.float32()}),
    ],
    ids=["multiclass", "regression"],
)
def test_other_tasks_have_columns_of_their_own(here, predict, exported, label, values, columns):
    rows = [{"x": float(row), "y": value} for row, value in enumerate(values)]
    folder = exported({"x": {"kind": "numeric"}}, rows, label)
    (here / "in.csv").write_text("x\n1\n2\n")

    result = predict("in.csv", "-o", "scores.parquet", "--model", folder)

    assert result.exit_code == 0, result.output
    found = pq.read_table(here / "scores.parquet")
    assert dict(zip(found.schema.names, found.schema.types, strict=True)) == columns
    inputs = {"x": tf.constant([[1.0], [2.0]])}
    answer = tf.saved_model.load(str(folder)).signatures["serving_raw"](**inputs)
    for name, expected in answer.items():
        texts = [each.decode() for each in expected.numpy().ravel()] if name == "class" else None
        numbers = expected.numpy().squeeze(1) if expected.shape[1] == 1 else expected.numpy()
        assert found[name].to_pylist() == (texts or numbers.tolist())


def test_the_spec_says_how_values_are_written_and_where_models_are_pushed(
    here, predict, scored, by_hand
):
    project = here / "project"
    project.mkdir()
    (here / "runs").rename(project / "pushed")
    (project / "spec.toml").write_text(
        """
        name = "flights"
        data = { source = "train.csv", delimiter = ";", decimal = ",", missing = ["?"] }
        label = { column = "late", task = "binary" }
        features = { x = { kind = "numeric" } }
        push = { to = "pushed/serving" }
        """
    )
    (here / "in.csv").write_text("x;carrier\n1,5;NA\n?;UA\n")

    result = predict("in.csv", "-o", "scores.jsonl", "--spec", "project/spec.toml")

    assert result.exit_code == 0, result.output
    assert scored("scores.jsonl")["probability"] == by_hand(
        [{"x": 1.5, "carrier": "NA"}, {"carrier": "UA"}]
    )


def test_the_newest_version_scores_unless_one_is_named(here, predict, model):
    (here / "in.csv").write_text(CSV)
    serving = here / "runs" / "serving"
    (serving / "1700000000").rename(serving / "999")
    (serving / "1000").symlink_to(model)
    (serving / "2000").mkdir()  # holds no model
    (serving / ".pushing-x").mkdir()

    newest = predict("in.csv", "-o", "a.jsonl", "--json")
    named = predict("in.csv", "-o", "b.jsonl", "--json", "--model", "runs/serving/999")

    assert json.loads(newest.output)["model"] == str(serving / "1000")
    assert json.loads(named.output)["model"] == str(serving / "999")
