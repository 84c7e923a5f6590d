"""Rows and files that cannot be read are listed, and stop nothing."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def rejects(here):
    """What is rejected: file, line, column, value, and why."""

    def rejects(output="scores.jsonl"):
        lines = (here / f"{output}.rejects.jsonl").read_text().splitlines()
        keys = ("file", "line", "column", "value", "reason")
        return [tuple(json.loads(line)[key] for key in keys) for line in lines]

    return rejects


def test_rows_that_cannot_be_read_are_listed_with_line_and_reason(
    here, predict, scored, rejects, by_hand
):
    (here / "in.csv").write_text("id,x,carrier\n1,one,UA\n2,2,AA\n3,3\n4,4,UA\n5,inf,UA\n")

    result = predict("in.csv", "-o", "scores.jsonl", "--keep", "id")

    assert result.exit_code == 0, result.output
    assert scored("scores.jsonl") == {
        "id": ["2", "4"],
        "probability": by_hand([{"x": 2, "carrier": "AA"}, {"x": 4, "carrier": "UA"}]),
    }
    path = str(here / "in.csv")
    assert sorted(rejects(), key=lambda found: found[1]) == [
        (path, 2, "x", "one", "values that are not numbers"),
        (path, 4, None, "3,3", "rows with more or fewer than 3 values"),
        (path, 6, "x", "inf", "infinite values (or beyond float32)"),
    ]
    assert ", 3 rejected: see scores.jsonl.rejects.jsonl" in result.output
    assert "in.csv: column 'x': values that are not numbers: once, first in row 1: 'one'" in (
        result.output
    )


def test_the_other_formats_reject_what_does_not_fit(here, predict, scored, rejects, by_hand):
    (here / "in.jsonl").write_text('{"x": 1}\nnonsense\n{"x": "two"}\n{"x": 3, "carrier": [1]}\n')

    result = predict("in.jsonl", "-o", "scores.jsonl")

    assert result.exit_code == 0, result.output
    assert scored("scores.jsonl")["probability"] == by_hand([{"x": 1}])
    assert sorted(found[1:4] for found in rejects()) == [
        (2, None, "nonsense"), (3, "x", "two"), (4, "carrier", "[1]")
    ]  # fmt: skip


def test_a_file_that_lacks_a_column_of_the_others_is_left_out_and_listed(
    here, predict, scored, rejects, by_hand
):
    (here / "day").mkdir()
    (here / "day" / "a.csv").write_text("x,carrier\n1,UA\n")
    (here / "day" / "b.csv").write_text("x,carier\n2,UA\n")
    (here / "day" / "d.csv").write_text("species\nAdelie\n")
    (here / "day" / "c.csv").write_text("x,carrier\n3,UA\n")

    result = predict("day", "-o", "scores.jsonl")

    assert result.exit_code == 0, result.output
    assert scored("scores.jsonl")["probability"] == by_hand(
        [{"x": 1, "carrier": "UA"}, {"x": 3, "carrier": "UA"}]
    )
    ((file, line, _, _, reason), (_, _, _, _, of_another_table)) = rejects()
    assert (file, line) == (str(here / "day" / "b.csv"), None)
    assert reason == (
        "no column 'carrier', which the model names. Columns: x, carier; did you mean 'carier'?"
    )
    assert of_another_table == (
        "no column 'x', which the model names. Columns: species (and 1 more like it)"
    )
    assert "2 rows scored in " in result.output
    assert ", 2 files not read to the end: see scores.jsonl.rejects.jsonl" in result.output


def test_a_damaged_file_is_left_out_and_listed(here, predict, scored, rejects):
    (here / "day").mkdir()
    pq.write_table(pa.table({"x": [1.0, 2.0]}), here / "day" / "a.parquet")
    (here / "day" / "b.parquet").write_bytes(b"PAR1 and no more")

    result = predict("day", "-o", "scores.jsonl")

    assert result.exit_code == 0, result.output
    assert len(scored("scores.jsonl")["probability"]) == 2
    ((file, _, _, _, reason),) = rejects()
    assert file.endswith("b.parquet")
    assert "is not a Parquet file" in reason


def test_a_kept_column_that_changes_its_type_from_file_to_file_is_listed(here, predict, rejects):
    (here / "day").mkdir()
    pq.write_table(pa.table({"id": [1], "x": [1.0]}), here / "day" / "a.parquet")
    pq.write_table(pa.table({"id": ["2"], "x": [1.0]}), here / "day" / "b.parquet")

    result = predict("day", "-o", "scores.jsonl", "--keep", "id")

    assert result.exit_code == 0, result.output
    ((file, _, _, _, reason),) = rejects()
    assert file.endswith("b.parquet")
    assert "column 'id', which --keep names, is string, and int64 in files before it" in reason


def test_a_column_of_a_type_that_the_model_does_not_take_is_listed_once(here, predict, rejects):
    (here / "day").mkdir()
    pq.write_table(pa.table({"x": [1.0]}), here / "day" / "a.parquet")
    lists = pa.table({"x": [[1.0], [2.0], [3.0]]})
    pq.write_table(lists, here / "day" / "b.parquet", row_group_size=1)

    result = predict("day", "-o", "scores.jsonl")

    assert result.exit_code == 0, result.output
    ((file, _, _, _, reason),) = rejects()
    assert file.endswith("b.parquet")
    assert "column 'x' is list<" in reason


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("x,carrier\none,UA\ntwo,UA\n", "none of 2 rows can be read"),
        ("x,carrier\none,UA\ntwo,UA\n", "values that are not numbers: 2 times, first in row 1"),
        ('x,carrier\n"1,UA\n', "does not end within"),
    ],
)
def test_data_of_which_nothing_can_be_read_is_refused(here, predict, content, problem):
    (here / "in.csv").write_text(content)

    result = predict("in.csv", "-o", "scores.jsonl")

    assert result.exit_code == 3
    assert problem in result.output
    assert sorted(path.name for path in here.iterdir()) == ["in.csv", "runs"]


def test_rejects_of_an_earlier_output_go_when_it_is_overwritten(here, predict):
    (here / "in.csv").write_text("x\n1\none\n")
    predict("in.csv", "-o", "scores.jsonl")
    (here / "in.csv").write_text("x\n1\n2\n")

    result = predict("in.csv", "-o", "scores.jsonl", "--force", "--json")

    told = json.loads(result.output)
    assert (told["rows"], told["rejected"], told["rejects"]) == (2, 0, None)
    assert not (here / "scores.jsonl.rejects.jsonl").exists()


def test_one_object_tells_all_of_it(here, predict):
    (here / "day").mkdir()
    (here / "day" / "a.csv").write_text("x,id\n1,a\none,b\n")
    (here / "day" / "b.csv").write_text("id\nc\n")

    result = predict("day", "-o", "scores.jsonl", "--keep", "id", "--json")

    told = json.loads(result.output)
    assert {key: told[key] for key in ("output", "rows", "rejected", "rejects", "columns")} == {
        "output": "scores.jsonl",
        "rows": 1,
        "rejected": 1,
        "rejects": "scores.jsonl.rejects.jsonl",
        "columns": ["id", "probability"],
    }
    assert told["unread"] == [str(here / "day" / "b.csv")]
    assert told["missing"] == ["carrier", "sched dep"]
    assert len(told["problems"]) == 2
