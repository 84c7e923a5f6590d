"""What is checked before a run starts."""

import sys

import pytest

from modules.errors import DataError, SpecError
from pipeline.local.preflight import check_before
from pipeline.spec import Spec


def spec(**tables):
    return Spec.model_validate(
        {
            "name": "flights",
            "data": {"source": "flights.csv", "ignore": ["flight"], **tables.pop("data", {})},
            "label": {"column": "late", "task": "binary"},
            "features": {"distance": {"kind": "numeric"}},
            **tables,
        }
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "flights.csv").write_text("late,distance,flight,gate,day\n")
    return tmp_path


def test_columns_that_are_neither_used_nor_ignored_are_told(folder):
    by_day = {"by": "time", "column": "day", "train": "2013-01-01/2013-01-02"}
    split = {**by_day, "eval": "2013-01-03/2013-01-04"}

    assert check_before(spec(), folder, []) == ["gate", "day"]
    assert check_before(spec(data={"split": split}), folder, []) == ["gate"]
    assert check_before(spec(evaluation={"slices": ["gate"]}), folder, []) == ["day"]


def test_every_missing_column_is_told_with_the_key_that_names_it(folder):
    split = {"by": "group", "column": "dya", "train": 0.5, "eval": 0.5}

    with pytest.raises(DataError) as raised:
        check_before(
            spec(data={"split": split}, evaluation={"slices": ["gaet"]}), folder, [folder / "runs"]
        )

    texts = [
        problem.removeprefix(f"{folder / 'flights.csv'}: ") for problem in raised.value.problems
    ]
    listed = "Columns: late, distance, flight, gate, day"
    assert texts == [
        f"no column 'dya', which data.split.column names. {listed}; did you mean 'day'?",
        f"no column 'gaet', which evaluation.slices names. {listed}; did you mean 'gate'?",
    ]
    assert not (folder / "runs").exists()


def test_a_schema_that_does_not_fit_is_told(folder):
    (folder / "schema.pbtxt").write_text('feature { name: "late" type: BYTES }')

    with pytest.raises(SpecError, match=r"no feature 'distance', which the spec uses"):
        check_before(spec(validation={"schema": "schema.pbtxt"}), folder, [])


def test_a_folder_that_is_to_be_written_is_made_and_one_that_cannot_be_is_told(folder):
    check_before(spec(), folder, [folder / "a" / "b"])

    assert (folder / "a" / "b").is_dir()
    with pytest.raises(SpecError, match=r"cannot be written: Not a directory"):
        check_before(spec(), folder, [folder / "flights.csv" / "runs"])


def test_packages_that_a_format_lacks_are_told_before_the_start(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    assert check_before(spec(export={"formats": ["litert"]}), folder, [])  # needs none
    with pytest.raises(SpecError, match=r"'onnx' needs .*onnxruntime.*, not installed here"):
        check_before(spec(export={"formats": ["litert", "onnx"]}), folder, [])
