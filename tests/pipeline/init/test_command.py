import pathlib
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.example_gen.config import MISSING
from pipeline.cli import main
from pipeline.local.preflight import check_before

LABELS = ["no", "yes"] * 50
NUMBERS = [(row * 37 % 101) / 10 for row in range(100)]
DATA = pathlib.Path(__file__).parents[3] / "data"


def run(*arguments):
    return CliRunner().invoke(main, ["init", *map(str, arguments)])


def test_a_table_becomes_a_spec_and_a_schema(write):
    path = write({"x": NUMBERS, "const": [1] * 100, "y": LABELS})

    result = run(path, "--label", "y", "--name", "mine")

    assert result.exit_code == 0
    assert '100 rows: binary label "y", 1 features, 1 other columns left out' in result.output
    assert '"const": "1" in every row' in result.output
    assert 'name = "mine"' in (path.parent / "spec.toml").read_text()
    assert (path.parent / "schema.pbtxt").is_file()


def test_what_is_there_is_not_overwritten_unless_asked_to(write):
    path = write({"x": NUMBERS, "y": LABELS})
    (path.parent / "spec.toml").write_text("mine")

    refused, forced = run(path, "--label", "y"), run(path, "--label", "y", "--force")

    assert refused.exit_code == 2
    assert "spec.toml: exists. Overwrite it with --force" in refused.output.replace("\n", "")
    assert forced.exit_code == 0
    assert (path.parent / "spec.toml").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--label", "why"], 2, "no column 'why', which --label names"),
        (["--label", "y", "--time", "x"], 2, "expected moments in ISO 8601"),
        (["--label", "y", "--time", "at"], 2, "no column 'at', which --time names"),
        (["--label", "y", "--group", "y"], 2, "--group: 'y' is the label"),
        (["--label", "y", "--group", "x", "--time", "x"], 2, "--time, --group: got both"),
        (["--label", "y", "--name", "My Table"], 2, "--name: got 'My Table', expected text"),
        (["--label", "y", "--task", "regression"], 2, "Try --task binary"),
        (["--label", "const"], 3, "'const' is '1' in every row"),
        ([], 2, "Missing option '--label'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(write, arguments, code, text):
    path = write({"x": NUMBERS, "const": [1] * 100, "y": LABELS})

    result = run(path, *arguments)

    assert result.exit_code == code
    assert text in result.output
    assert [entry.name for entry in path.parent.iterdir()] == ["table.csv"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"x,y\n", "holds no rows, only a header"),
        (b"x,y\n1,a\n1\n", "rows with more or fewer than 2 values: once"),
        (b"x\xe9,y\n1,a\n", "not UTF-8. Name its encoding in data.encoding"),
        (b"x,y\n" + b"1,a\n" * 9_999 + b"\xe9,a\n", "not UTF-8: once, first in row 10,000"),
    ],
)
def test_data_that_cannot_be_read_is_refused_as_a_run_refuses_it(tmp_path, content, text):
    (tmp_path / "table.csv").write_bytes(content)

    result = run(tmp_path / "table.csv", "--label", "y")

    assert result.exit_code == 3
    assert text in result.output


def test_a_table_without_a_fit_column_is_refused_with_the_reasons(write):
    result = run(write({"const": [1] * 100, "y": LABELS}), "--label", "y")

    assert result.exit_code == 3
    assert "features: no column is fit to be one. 'const': \"1\" in every row" in result.output


def test_parquet_is_read_with_its_own_types(make, tmp_path):
    columns = {
        "whole": pa.array([row % 57 for row in range(100)], pa.int8()),
        "gaps": pa.array([None if row % 9 == 0 else row % 57 for row in range(100)], pa.int64()),
        "nan": [float("nan") if row % 9 == 0 else value for row, value in enumerate(NUMBERS)],
        "flag": [row % 3 == 0 for row in range(100)],
        "at": pa.array(range(100), pa.timestamp("s")),
        "text": pa.array(["red", "blue", "blue", "NA"] * 25).dictionary_encode(),
        "list": [[1, 2]] * 100,
        "y": [float(row % 2) for row in range(100)],
    }
    pa.parquet.write_table(pa.table(columns), tmp_path / "table.parquet")

    made = make(tmp_path, "y")

    kinds = {name: feature.kind for name, feature in made.spec.features.items()}
    assert kinds == {
        "whole": "numeric",
        "gaps": "numeric",
        "nan": "numeric",
        "flag": "categorical",
        "at": "timestamp",
        "text": "categorical",
    }
    assert made.spec.data.ignore == ("list",)
    assert made.spec.label.classes == ("0", "1")
    # 12 of 100 rows, as 9 goes into 0, 9, ... 99
    assert "12.0% missing" in made.line("nan")
    check_before(made.spec, made.folder, [])


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=12)
CLASSES = NAMES.filter(lambda name: name.strip() and name not in MISSING)  # else one may be left


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(NAMES, min_size=1, max_size=5, unique=True),
    values=st.lists(NAMES, min_size=3, max_size=6, unique=True),
    label=NAMES.filter(str.strip),
    classes=st.lists(CLASSES, min_size=2, max_size=4, unique=True),
)
def test_whatever_names_and_values_hold_the_spec_says_them(
    tmp_path_factory, make, names, values, label, classes
):
    names = [name for name in names if name != label]
    rows = [(row, row // 7) for row in range(120)]
    columns = {
        name: [values[(row + place * seventh) % len(values)] for row, seventh in rows]
        for place, name in enumerate(names)
    }
    columns |= {"fit": NUMBERS + NUMBERS[:20]}
    columns[label] = [classes[seventh % len(classes)] for _, seventh in rows]
    folder = tmp_path_factory.mktemp("hostile")
    pa.parquet.write_table(pa.table(columns), folder / "table.parquet")

    made = make(folder, label)

    assert made.spec.label.column == label
    assert set(made.spec.label.classes) <= set(classes)
    known = {*made.spec.features, *made.spec.data.ignore}
    assert known == columns.keys() - {label}
    assert {feature.name for feature in made.schema.feature} == {*made.spec.columns()}


@pytest.mark.parametrize(
    ("name", "label", "kept_out"),
    [("penguins", "species", ()), ("diamonds", "price", ()), ("flights", "late", ())],
)
def test_each_data_set_gives_a_spec_that_a_run_takes(make, tmp_path, name, label, kept_out):
    made = make(DATA / name / f"{name}.csv", label, tmp_path / name)

    assert made.spec.name == name
    assert made.spec.data.ignore == kept_out
    assert check_before(made.spec, made.folder, []) == []


def test_the_arrival_delay_of_flights_is_a_leak(make, tmp_path):
    table = pa.csv.read_csv(DATA / "flights" / "flights.csv")
    random = np.random.default_rng(0)
    late = table["late"].to_numpy() == 1
    # late is more than 15 minutes behind schedule
    delay = np.where(
        late, 16 + random.exponential(40, len(late)), 15 - random.exponential(20, len(late))
    )
    path = tmp_path / "flights.parquet"
    pa.parquet.write_table(table.append_column("arr_delay", pa.array(delay.round())), path)

    made = make(path, "late")

    assert made.spec.data.ignore == ("arr_delay",)
    assert "# suspected leak: alone it tells the label (AUC 1.000" in made.text


def test_neither_tensorflow_nor_tfx_is_imported(write):
    path = write({"x": NUMBERS, "y": LABELS})
    script = (
        "import sys; from click.testing import CliRunner; from pipeline.cli import main; "
        f"done = CliRunner().invoke(main, ['init', {str(path)!r}, '--label', 'y']); "
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'keras'} & set(sys.modules); "
        "sys.exit(f'{done.output} {heavy}' if heavy or done.exit_code else 0)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )

    assert ended.returncode == 0, ended.stderr
