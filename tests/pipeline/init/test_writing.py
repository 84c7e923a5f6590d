import pathlib

import pytest

from modules.errors import SpecError
from pipeline.init.writing import refuse_existing, write_checked

SPEC = """
name = "n"
data.source = "table.csv"
label = { column = "y", task = "binary" }
features.x = { kind = "numeric" }
validation.schema = "schema.pbtxt"
"""
BOTH = {"schema.pbtxt": "feature {}", "spec.toml": SPEC}


def files_in(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_both_files_are_written_and_nothing_else_stays(tmp_path):
    write_checked(tmp_path / "new", BOTH)

    assert files_in(tmp_path / "new") == BOTH


def test_a_spec_that_does_not_load_is_not_written(tmp_path):
    with pytest.raises(SpecError):
        write_checked(tmp_path, BOTH | {"spec.toml": "name = 1"})

    assert files_in(tmp_path) == {}


def test_when_the_second_file_cannot_be_written_the_first_is_as_before(tmp_path, monkeypatch):
    (tmp_path / "schema.pbtxt").write_text("old")
    replace = pathlib.Path.replace

    def fail_for_the_spec(path, target):
        if target.name == "spec.toml":
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(pathlib.Path, "replace", fail_for_the_spec)
    with pytest.raises(SpecError, match="cannot be written: No space left on device"):
        write_checked(tmp_path, BOTH)

    assert files_in(tmp_path) == {"schema.pbtxt": "old"}


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SpecError, match="Name another with --output"):
        write_checked(tmp_path / "file", BOTH)


def test_files_that_are_there_are_refused_by_name(tmp_path):
    (tmp_path / "spec.toml").write_text("")

    with pytest.raises(SpecError, match=r"spec\.toml: exists. Overwrite it with --force"):
        refuse_existing(tmp_path, ["schema.pbtxt", "spec.toml"])
