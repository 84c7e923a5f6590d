"""`headrace report`."""

import subprocess
import sys
import webbrowser

import pytest
from click.testing import CliRunner

from pipeline.cli import main


@pytest.fixture
def headrace(tmp_path, monkeypatch):
    """Runs the command beside the folder of runs: exit code, and what it printed."""
    monkeypatch.chdir(tmp_path)

    def headrace(*words):
        told = CliRunner().invoke(main, [str(word) for word in words])
        if told.exception and not isinstance(told.exception, SystemExit):
            raise told.exception
        return told.exit_code, told.output

    return headrace


def test_the_last_run_is_reported_in_its_folder(story, headrace):
    story.run()
    run = story.run(epochs=2)

    assert headrace("report") == (0, f"Report: runs/{run}/report.html\n")
    assert run in (story.runs / run / "report.html").read_text()


def test_two_runs_are_compared_in_the_folder_of_the_newer(story, headrace):
    old, new = story.run(), story.run(epochs=2)

    assert headrace("report", old, new) == (0, f"Report: runs/{new}/comparison.html\n")
    assert old in (story.runs / new / "comparison.html").read_text()


def test_the_page_goes_where_it_is_asked_for(story, headrace, tmp_path):
    story.run()

    assert headrace("report", "last", "-o", "pages/it.html") == (0, "Report: pages/it.html\n")
    assert (tmp_path / "pages" / "it.html").is_file()


def test_a_folder_and_a_place_that_cannot_be_written_are_refused(story, headrace, tmp_path):
    story.run()
    (tmp_path / "file").touch()

    assert headrace("report", "-o", "runs") == (
        2,
        "error: --output: runs is a folder. Name a file\n",
    )
    code, text = headrace("report", "-o", "file/it.html")
    assert code == 2
    assert "error: file/it.html: cannot be written" in text


def test_a_run_that_is_not_there_is_told_of(story, headrace):
    story.run()

    code, text = headrace("report", "2031")

    assert code == 2
    assert "no run '2031'" in text


def test_three_runs_are_too_many(story, headrace):
    code, text = headrace("report", "a", "b", "c")

    assert code == 2
    assert "got 3 runs, expected one, or two to compare" in text


def test_the_page_is_opened_on_demand(story, headrace, monkeypatch):
    run = story.run()
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or False)

    _, text = headrace("report", "--open")

    assert opened == [(story.runs / run / "report.html").as_uri()]
    assert "There is no browser to open it in" in text


def test_a_report_takes_neither_tensorflow_nor_beam(story):
    story.run()
    program = (
        "import sys; from click.testing import CliRunner; from pipeline.cli import main;"
        "assert CliRunner().invoke(main, sys.argv[1:]).exit_code == 0;"
        "print([name for name in ('tensorflow', 'tfx', 'apache_beam', 'pyarrow', 'keras')"
        " if name in sys.modules])"
    )

    told = subprocess.run(
        [sys.executable, "-c", program, "report", "--runs", story.runs],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout == "[]\n"


def test_help_lists_the_exit_codes(headrace):
    _, text = headrace("report", "--help")

    listed = text[text.index("Exit codes:") :].splitlines()[1:4]
    assert [line.split()[0] for line in listed] == ["0", "1", "2"]
