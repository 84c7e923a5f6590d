"""All commands that look at runs."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from click.testing import CliRunner
from pipeline.cli import main

told = CliRunner().invoke(main, sys.argv[1:])
assert told.exit_code == 0, told.output
heavy = ("tensorflow", "tfx", "apache_beam", "pyarrow", "numpy", "keras")
print([name for name in heavy if name in sys.modules])
"""
COMMANDS = [["runs"], ["show", "last"], ["diff", "last", "last"], ["explain", "Trainer"], ["gc"]]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_look_at_runs_imports_nothing_heavy(story, words):
    story.run()

    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words, "--runs", story.runs],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout == "[]\n"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_lists_the_exit_codes(headrace, words):
    text = headrace(words[0], "--help").text

    listed = text[text.index("Exit codes:") :]
    assert [line.split()[0] for line in listed.splitlines()[1:4]] == ["0", "1", "2"]
    assert ("6  a run is going on" in listed) == (words[0] == "gc")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_where_there_are_no_runs_it_ends_with_2(headrace, words):
    told = headrace(*words)

    assert told.code == 2
    assert told.text.startswith("error: runs: no such folder.")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_run_whose_files_hold_nonsense_is_told_of_nevertheless(story, headrace, words):
    run = story.run()
    for path in (story.runs / run).rglob("*.json"):
        path.write_bytes(b"\xff{]")

    assert headrace(*words).code == 0
