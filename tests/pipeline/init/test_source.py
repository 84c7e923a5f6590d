import pyarrow as pa
import pyarrow.parquet
import pytest

from components.example_gen import files
from modules.errors import DataError, SpecError
from pipeline.init.source import locate

COLUMNS = {"x": [1, 2], "y": ["a", "b"]}


def found_by_a_run(source):
    return tuple(path.resolve() for path in files.find(source.text, source.folder))


def test_the_spec_of_a_file_goes_beside_it(write):
    path = write(COLUMNS)

    source = locate(str(path), None, {"y": "--label"})

    assert (source.folder, source.text) == (path.parent, "table.csv")
    assert source.columns == ("x", "y")


def test_the_spec_of_a_folder_goes_into_it(write, tmp_path):
    one, two = write(COLUMNS, "a.csv"), write(COLUMNS, "b.csv")

    source = locate(str(tmp_path), None, {"y": "--label"})

    assert (source.folder, source.text) == (tmp_path, ".")
    assert found_by_a_run(source) == (one, two)


def test_the_spec_of_a_glob_goes_into_the_folder_before_it(write, tmp_path, monkeypatch):
    write(COLUMNS, "a.csv")
    monkeypatch.chdir(tmp_path.parent)

    source = locate(f"{tmp_path.name}/*.csv", None, {"y": "--label"})

    assert (source.folder, source.text) == (tmp_path, "*.csv")


@pytest.mark.parametrize("data", ["data/table.csv", "data", "data/*.csv"])
def test_a_spec_elsewhere_finds_the_data_from_there(write, tmp_path, monkeypatch, data):
    (tmp_path / "data").mkdir()
    path = write(COLUMNS, "data/table.csv")
    monkeypatch.chdir(tmp_path)

    source = locate(data, tmp_path / "specs" / "one", {"y": "--label"})
    source.folder.mkdir(parents=True)

    assert source.text.startswith("../../data")
    assert found_by_a_run(source) == (path,)


def test_a_file_whose_name_looks_like_a_glob_is_found(write):
    path = write(COLUMNS, "table [1].csv")

    assert found_by_a_run(locate(str(path), None, {})) == (path,)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_finds_the_label(write, delimiter):
    path = write({"a,b": [1], "c;d": [2], "y": [3], "e|f": [4]}, delimiter=delimiter)

    assert locate(str(path), None, {"y": "--label"}).delimiter == delimiter


def test_the_format_of_a_file_without_a_suffix_is_told_by_its_first_bytes(write, tmp_path):
    pa.parquet.write_table(pa.table(COLUMNS), tmp_path / "rows")

    assert locate(str(tmp_path / "rows"), None, {}).format == "parquet"
    assert locate(str(write(COLUMNS, "table.data")), None, {}).format == "csv"


def test_columns_that_some_file_lacks_are_told_apart(write, tmp_path):
    write(COLUMNS, "a.csv")
    write(COLUMNS | {"z": [1, 2]}, "b.csv")

    source = locate(str(tmp_path), None, {"y": "--label"})

    assert source.columns == ("x", "y", "z")
    assert source.partial == {"z"}


def test_a_label_that_is_not_there_is_refused_with_the_nearest(write):
    with pytest.raises(SpecError, match=r"'lable', which --label names.*did you mean 'label'"):
        locate(str(write({"label": [1], "x": [2]})), None, {"lable": "--label"})


def test_data_that_is_not_there_is_refused_with_the_nearest(write, tmp_path):
    write(COLUMNS)

    with pytest.raises(DataError, match=r"did you mean 'table\.csv'"):
        locate(str(tmp_path / "tabel.csv"), None, {})


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "table.csv").write_text("x,x\n1,2\n")

    with pytest.raises(DataError, match="column 'x' is there 2 times"):
        locate(str(tmp_path), None, {})
