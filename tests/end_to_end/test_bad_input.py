"""What a user can get wrong: an exit code, a sentence that helps, nothing half-written."""

import json
import os
import pathlib
import subprocess

import pytest


def rewrite(spec, change):
    """Changes the lines of the data, the header being the first."""
    path = spec.parent / "penguins.csv"
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")


def test_a_typo_in_the_spec_names_file_key_value_and_the_nearest_word(birds, headrace):
    overrides = ("--set", "label.task=multclass", "--set", "training.epoch=3")

    finished = headrace("run", birds, *overrides)

    assert finished.returncode == 2
    assert f"{birds}: label.task: got 'multclass'" in finished.stdout
    assert "did you mean 'multiclass'?" in finished.stdout
    assert f"{birds}: training.epoch: unknown key" in finished.stdout
    assert "did you mean 'epochs'?" in finished.stdout
    assert not (birds.parent / "runs").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "no data file at"),
        ("", "is empty (0 bytes)"),
        ("species,island,sex,sex\n", "column 'sex' is there 2 times. Rename all but one"),
        (
            "spezies,island\n",
            "Columns: spezies, island; did you mean 'spezies'?",
        ),
    ],
    ids=["no file", "empty", "duplicate names", "no label"],
)
def test_a_file_that_cannot_be_used_is_refused_before_anything_starts(
    text, sentence, birds, headrace
):
    (birds.parent / "penguins.csv").unlink()
    if text is not None:
        (birds.parent / "penguins.csv").write_text(text)

    finished = headrace("run", birds)

    assert finished.returncode == 3
    assert sentence in finished.stdout
    assert not (birds.parent / "runs").exists()


def test_a_refusal_is_one_json_object_too(birds, json_of):
    (birds.parent / "penguins.csv").unlink()

    code, result = json_of("run", birds)

    assert code == 3
    assert (result["run"], result["pipeline"]) == (None, "penguins")
    assert (result["verdict"], result["pushed"]) == ("failed", None)
    assert "no data file at" in result["reason"]


def test_a_folder_that_cannot_be_written_is_refused_before_anything_starts(birds, headrace):
    (birds.parent / "file").write_text("")

    finished = headrace("run", birds, "--runs", birds.parent / "file" / "runs")

    assert finished.returncode == 2
    assert "cannot be written: Not a directory" in finished.stdout


def test_a_read_only_folder_is_refused_before_anything_starts(birds, headrace, tmp_path):
    folder = tmp_path / "read_only"
    folder.mkdir()
    if os.geteuid() == 0:  # whom permissions do not stop
        mount = ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(folder)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("root without the right to mount: nothing is read-only for it")
    else:
        folder.chmod(0o555)
    try:
        finished = headrace("run", birds, "--runs", folder / "runs")
    finally:
        subprocess.run(["umount", str(folder)], check=False, capture_output=True)

    assert finished.returncode == 2
    assert f"{folder}/runs: cannot be written" in finished.stdout


@pytest.mark.slow
def test_all_that_is_wrong_with_the_values_is_told_at_once(birds, json_of):
    def spoil(lines):
        row = "Adelie,Dream,{},18.7,181,3750,male,2007"
        lines[3] = row.format("tall")
        lines[5] = row.format("inf")
        lines[7] = "Adelie,Dream"
        lines[9] = row.format(40).replace("Adelie", "Emperor")
        return lines

    rewrite(birds, spoil)

    code, result = json_of("run", birds)

    assert code == 3
    for sentence in (
        "'bill_length_mm': values that are not numbers: once, first in row 3: 'tall'",
        "'bill_length_mm': infinite values (or beyond float32): once, first in row 5: 'inf'",
        "rows with more or fewer than 8 values: once, first in row 7: 'Adelie,Dream'",
        "'species': labels that are no class: once, first in row 9: 'Emperor'",
    ):
        assert sentence in result["reason"]
    states = {node["name"]: node["state"] for node in result["nodes"]}
    assert (states["TableExampleGen"], states["StatisticsGen"]) == ("failed", "skipped")
    assert not list((birds.parent / "runs" / "serving").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: lines[:1], "holds no rows, only a header"),
        (
            lambda lines: [lines[0], *("," + line.partition(",")[2] for line in lines[1:])],
            "'species' has no value in any of 344 rows",
        ),
    ],
    ids=["header only", "label all null"],
)
def test_data_without_rows_or_labels_is_refused(change, sentence, birds, json_of):
    rewrite(birds, change)

    code, result = json_of("run", birds)

    assert code == 3
    assert sentence in result["reason"]


@pytest.mark.slow
def test_data_that_nothing_can_be_learned_from_stops_at_the_gate(birds, json_of):
    def one_class_and_a_column_without_values(lines):
        adelie = [line.split(",") for line in lines[1:] if line.startswith("Adelie")]
        return [lines[0], *(",".join([row[0], "", *row[2:]]) for row in adelie)]

    rewrite(birds, one_class_and_a_column_without_values)

    code, result = json_of("run", birds)

    assert code == 4
    assert "the label is 'Adelie' in every row, expected at least 2 values" in result["reason"]
    assert "column 'island': has no value in any row" in result["reason"]
    states = {node["name"]: node["state"] for node in result["nodes"]}
    assert (states["DataGate"], states["Trainer"]) == ("failed", "skipped")


@pytest.mark.slow
def test_a_category_unseen_in_training_stops_at_the_gate_unless_allowed(birds, json_of):
    # Split by a column, so that one island is in the eval split alone.
    def split_by_island(lines):
        part = {"Biscoe": "train", "Dream": "train", "Torgersen": "eval"}
        rows = [line + "," + part[line.split(",")[1]] for line in lines[1:]]
        biscoe = [row.replace("train", "eval") for row in rows if "Gentoo" in row][:20]
        return [lines[0] + ",part", *rows, *biscoe]

    rewrite(birds, split_by_island)
    split = ("--set", "data.split={by='column', column='part'}")
    text = birds.read_text().replace('schema = "schema.pbtxt"', "")
    birds.write_text(text)

    code, result = json_of("run", birds, *split)
    allow = "validation.allow=[{anomaly='unseen_values', feature='island'}]"
    others = "{anomaly='missing_values'}"
    allowed, after = json_of("run", birds, *split, "--set", allow[:-1] + "," + others + "]")

    assert code == 4
    assert "split eval, column 'island': unseen_values" in result["reason"]
    assert "Torgersen" in result["reason"]
    assert "{ anomaly = 'unseen_values', feature = 'island' }" in result["reason"]
    assert allowed == 0, after["reason"]


def test_a_spec_from_elsewhere_cannot_reach_outside_its_folder(birds, headrace):
    (birds.parent.parent / "evil.py").write_text("raise SystemExit('ran')")

    finished = headrace("run", birds, "--set", "preprocessing.function=../evil.py:prepare")

    assert finished.returncode == 2
    assert "leaves the spec's folder; keep the file beside the spec" in finished.stdout


def test_a_result_is_kept_with_the_run(birds, json_of):
    rewrite(birds, lambda lines: lines[:1])

    _, result = json_of("run", birds)

    kept = birds.parent / "runs" / result["run"] / "result.json"
    assert json.loads(kept.read_text()) == result
    assert pathlib.Path(kept.parent / "log.txt").stat().st_size > 0


@pytest.mark.slow
def test_packages_of_the_current_folder_are_not_taken_for_ours(birds, headrace, tmp_path):
    for name in ("pipeline", "components", "modules"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not ours')\n")
    rewrite(birds, lambda lines: lines[:1])

    finished = headrace("run", birds, cwd=tmp_path)

    assert finished.returncode == 3
    assert "holds no rows, only a header" in finished.stdout
