"""From a file to a pushed model with `headrace init` and `headrace run`."""

import pathlib
import shutil

import pytest

DATA = pathlib.Path(__file__).parents[2] / "data"


@pytest.mark.slow
def test_two_commands_lead_from_a_file_to_a_pushed_model(headrace, json_of, tmp_path):
    shutil.copy(DATA / "penguins" / "penguins.csv", tmp_path)

    written = headrace("init", tmp_path / "penguins.csv", "--label", "species")
    code, result = json_of("run", tmp_path / "spec.toml")

    assert written.returncode == 0, written.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "penguins.csv",
        "runs",
        "schema.pbtxt",
        "spec.toml",
    ]
    assert code == 0, result["reason"]
    assert result["metrics"]["accuracy"] > 0.9
    assert pathlib.Path(result["pushed"]).parent == tmp_path / "runs" / "serving"
