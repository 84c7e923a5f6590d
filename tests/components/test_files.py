"""The files of a source, found and looked at before anything is read."""

import pathlib

import pytest

from components.example_gen import files
from modules.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """A spec's folder: two files of data in a folder, one beside it, and other things."""
    for name in ("day/a.csv", "day/b.CSV", "day/README.md", "day/deep/c.csv", "flights.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x,t\n1,a\n")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("flights.csv", ["flights.csv"]),
        ("day", ["day/a.csv", "day/b.CSV"]),
        ("day/", ["day/a.csv", "day/b.CSV"]),
        ("day/*.csv", ["day/a.csv"]),
        ("*/*.csv", ["day/a.csv"]),
        ("day/*/*.csv", ["day/deep/c.csv"]),
        ("fli?hts.csv", ["flights.csv"]),
        ("[f]lights.csv", ["flights.csv"]),
    ],
)
def test_a_source_is_a_file_a_folder_or_a_glob(folder, source, names):
    found = files.find(source, folder)

    assert [file.relative_to(folder).as_posix() for file in found] == names


def test_a_source_may_lie_anywhere(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    assert files.find(str(folder / "flights.csv"), elsewhere) == [folder / "flights.csv"]
    assert files.find(f"{folder}/fl*.csv", elsewhere) == [folder / "flights.csv"]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("flihgts.csv", r"no data file at .*flihgts.csv; did you mean 'flights.csv'\?"),
        ("day/*.tsv", r"no data file at .*\*.tsv"),
        ("**/*.csv", r"got '\*\*/\*.csv'; name each level instead of \*\*, such as data/\*/\*.csv"),
        ("nowhere/a.csv", r"no data file at .*nowhere/a.csv. Expected a file, a folder of .csv"),
    ],
)
def test_a_source_without_files_is_refused_with_the_nearest_name(folder, source, problem):
    with pytest.raises(DataError, match=rf"^data.source: {problem}"):
        files.find(source, folder)


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"data.source: no data file at"):
        files.find(".", tmp_path)


def test_empty_files_are_all_named(folder):
    (folder / "day/a.csv").write_text("")
    (folder / "day/d.csv").write_text("")

    with pytest.raises(DataError, match=r"a.csv: is empty \(0 bytes\)\n.*d.csv: is empty"):
        files.find("day", folder)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("flights.csv", (".", "flights.csv")),
        ("day/*.csv", ("day", "*.csv")),
        ("da?/deep/*.csv", (".", "da?/deep/*.csv")),
    ],
)
def test_a_source_is_a_folder_and_a_pattern_below_it_to_tfx(folder, source, expected):
    base, pattern = files.pattern(source, folder)

    assert (base, pattern) == (folder / expected[0], expected[1])


@pytest.mark.parametrize(
    "suffix",
    [".csv", ".CSV", ".tsv", ".csv.gz", ".parquet", ".PQ", ".feather", ".jsonl", ".tfrecord.gz"],
)
def test_of_a_folder_tfx_is_given_the_data_files_alone(tmp_path, suffix):
    for name in (f"a{suffix}", "README.md", "_SUCCESS", ".hidden.txt"):
        (tmp_path / name).write_text("x\n")

    base, pattern = files.pattern(".", tmp_path)

    assert [file.name for file in base.glob(pattern)] == [f"a{suffix}"]


def test_a_folder_of_two_formats_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("x\n")
    (tmp_path / "b.parquet").write_text("x\n")

    with pytest.raises(
        DataError, match=r"the names end in .csv, .parquet, expected all of one format"
    ):
        files.pattern(".", tmp_path)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.csv", "b.TSV", "c.csv.zst"], "csv"),
        (["a.parquet", "b.pq"], "parquet"),
        (["a.arrow", "b.feather"], "arrow"),
        (["a.jsonl", "b.ndjson.gz"], "jsonl"),
        (["a.tfrecord", "b.tfrecords.gz"], "tfrecord"),
    ],
)
def test_the_format_goes_by_the_names(names, expected):
    assert files.format_of([pathlib.Path(name) for name in names], None) == expected


def test_a_format_that_is_given_needs_no_names():
    assert files.format_of([pathlib.Path("part-0")], "parquet") == "parquet"


@pytest.mark.parametrize(
    "names", [["a.csv", "b.parquet"], ["part-0"], ["a.csv", "b.txt"], ["a.parquet.gz"]]
)
def test_names_that_do_not_tell_one_format_are_refused(names):
    with pytest.raises(
        DataError, match=r"data.format: the names end in .*, expected all of one format"
    ):
        files.format_of([pathlib.Path(name) for name in names], None)


def test_columns_that_are_there_once_are_fine():
    wanted = {"a": "label.column", "b": "features"}

    assert list(files.check_columns(pathlib.Path("x.csv"), ["b", "c", "a"], wanted)) == []


def test_columns_that_are_missing_or_doubled_are_told_with_the_key_that_names_them():
    names = ["distance", "carrier", "carrier"]
    wanted = {"distnace": "features.distnace", "late": "label.column"}

    said = list(files.check_columns(pathlib.Path("x.csv"), names, wanted))

    listed = "Columns: distance, carrier, carrier"
    assert said == [
        "x.csv: column 'carrier' is there 2 times. Rename all but one",
        f"x.csv: no column 'distnace', which features.distnace names. {listed}; "
        "did you mean 'distance'?",
        f"x.csv: no column 'late', which label.column names. {listed}",
    ]


def test_a_long_list_of_columns_is_cut():
    names = [f"c{number}" for number in range(41)]

    said = list(files.check_columns(pathlib.Path("x.csv"), names, {"late": "label.column"}))

    assert said[0].endswith(", c39, ...")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("flights.csv", ("/data", "flights.csv")),
        ("day/*.csv", ("/data/day", "*.csv")),
        ("s*/a.parquet", ("/data", "s*/a.parquet")),
        ("/elsewhere/a.csv", ("/elsewhere", "a.csv")),
        ("day-{SPAN:3}/v{VERSION}/a.csv", ("/data", "day-{SPAN:3}/v{VERSION}/a.csv")),
        ("day", ("/data/day", files._GLOBS["csv"])),  # a folder: its data files
    ],
)
def test_files_on_another_machine_are_named_without_a_look(source, expected):
    found = files.elsewhere(source, "csv", pathlib.PurePosixPath("/data"))

    assert (str(found.folder), found.pattern) == expected


def test_a_source_with_spans_is_every_span_that_is_there(tmp_path):
    for span in ("day-1", "day-02", "day-x.csv"):
        (tmp_path / span).mkdir()
        (tmp_path / span / "rows.csv").write_text("x\n1\n")

    found = files.find("day-{SPAN}/rows.csv", tmp_path)

    assert [path.parent.name for path in found] == ["day-02", "day-1", "day-x.csv"]
    assert files.pattern("day-{SPAN}/rows.csv", tmp_path) == (tmp_path, "day-{SPAN}/rows.csv")
