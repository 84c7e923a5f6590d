"""What a run does at its end."""

import pathlib

import pytest

from pipeline.failure import ExitCode
from pipeline.local import command
from pipeline.local.following import Ended
from pipeline.local.result import Result


class Notes:
    """Keeps what it is told."""

    def __init__(self):
        self.texts = []

    def note(self, text, style):
        del style
        self.texts.append(text)


@pytest.fixture
def ended(tmp_path):
    result = Result(run="7", pipeline="p", verdict="blessed", reason="", seconds=1, nodes=[])
    return Ended(result, ExitCode.BLESSED, [], tmp_path / "7")


def test_a_report_that_cannot_be_written_is_told_of_and_fails_nothing(ended):
    ended.folder.write_text("a file where the folder should be")
    notes = Notes()

    command._write_report(notes, ended)

    (text,) = notes.texts
    assert text.startswith("No report: ")


def test_a_report_is_written_whatever_the_folder_holds(ended):
    ended.folder.mkdir()
    pathlib.Path(ended.folder, "request.json").write_text("{")
    notes = Notes()

    command._write_report(notes, ended)

    assert notes.texts == []
    assert (ended.folder / "report.html").is_file()
