"""`headrace report`."""

import subprocess
import sys
import webbrowser

import pytest


@pytest.fixture
def answer(headrace):
    """The exit code of the command, and what it printed."""

    def answer(*words):
        told = headrace(*words)
        return told.code, told.text

    return answer


def test_the_last_run_is_reported_in_its_folder(story, answer):
    story.run()
    run = story.run(epochs=2)

    assert answer("report") == (0, f"Report: runs/{run}/report.html\n")
    assert run in (story.runs / run / "report.html").read_text()


def test_two_runs_are_compared_in_the_folder_of_the_newer(story, answer):
    old, new = story.run(), story.run(epochs=2)

    assert answer("report", old, new) == (0, f"Report: runs/{new}/comparison.html\n")
    assert old in (story.runs / new / "comparison.html").read_text()


def test_the_page_goes_where_it_is_asked_for(story, answer, tmp_path):
    story.run()

    assert answer("report", "last", "-o", "pages/it.html") == (0, "Report: pages/it.html\n")
    assert (tmp_path / "pages" / "it.html").is_file()


def test_a_folder_and_a_place_that_cannot_be_written_are_refused(story, answer, tmp_path):
    story.run()
    (tmp_path / "file").touch()

    assert answer("report", "-o", "runs") == (
        2,
        "error: --output: runs is a folder. Name a file\n",
    )
    code, text = answer("report", "-o", "file/it.html")
    assert code == 2
    assert "error: file/it.html: cannot be written" in text


def test_a_run_that_is_not_there_is_told_of(story, answer):
    story.run()

    code, text = answer("report", "2031")

    assert code == 2
    assert "no run '2031'" in text


def test_three_runs_are_too_many(story, answer):
    code, text = answer("report", "a", "b", "c")

    assert code == 2
    assert "got 3 runs, expected one, or two to compare" in text


def test_the_page_is_opened_on_demand(story, answer, monkeypatch):
    run = story.run()
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or False)

    _, text = answer("report", "--open")

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


def test_help_lists_the_exit_codes(answer):
    _, text = answer("report", "--help")

    listed = text[text.index("Exit codes:") :].splitlines()[1:4]
    assert [line.split()[0] for line in listed] == ["0", "1", "2"]
