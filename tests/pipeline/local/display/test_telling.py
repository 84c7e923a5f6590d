"""What `headrace run` prints, in each of the manners it can be asked for."""

import io
import json

import pytest
from click.testing import CliRunner
from rich.console import Console

from pipeline.cli import main
from pipeline.failure import ExitCode
from pipeline.local.display.lines import Lines
from pipeline.local.display.lively import Lively
from pipeline.local.display.telling import watched

MANNERS = ("--quiet", "--verbose", "--json", "--log-format json")


def run(*options):
    return CliRunner().invoke(main, ["run", "no.toml", *" ".join(options).split()])


@pytest.mark.parametrize(
    ("one", "other"),
    [(one, other) for index, one in enumerate(MANNERS) for other in MANNERS[index + 1 :]],
)
def test_manners_that_contradict_each_other_are_refused(one, other):
    result = run(one, other)

    assert result.exit_code == ExitCode.BAD_SPEC
    assert f"{one} and {other} contradict each other" in " ".join(result.output.split())


@pytest.mark.parametrize("manner", ["", "--quiet", "--verbose", "--log-format text"])
def test_a_spec_that_is_not_there_is_told_people_in_a_sentence(manner):
    result = run(manner)

    assert result.exit_code == ExitCode.BAD_SPEC
    assert result.output.startswith("error: no.toml: does not exist")


@pytest.mark.parametrize("manner", ["--json", "--log-format json"])
def test_a_spec_that_is_not_there_is_one_object_for_programs(manner):
    result = run(manner)

    assert result.exit_code == ExitCode.BAD_SPEC
    told = json.loads(result.stdout)
    assert told.get("event") == ("ended" if "format" in manner else None)
    assert (told["run"], told["pipeline"], told["verdict"]) == (None, None, "failed")
    assert "no.toml: does not exist" in told["reason"]


class Terminal(io.TextIOWrapper):
    """A file that says it is a terminal."""

    def __init__(self, encoding="utf-8"):
        super().__init__(io.BytesIO(), encoding=encoding)

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("file", "environment", "display"),
    [
        (Terminal(), {"TERM": "xterm"}, Lively),
        (Terminal(), {"TERM": "dumb"}, Lines),
        (Terminal("latin-1"), {"TERM": "xterm"}, Lines),  # has no ✓
        (io.StringIO(), {"TERM": "xterm"}, Lines),
        (io.StringIO(), {"TERM": "xterm", "FORCE_COLOR": "1"}, Lines),  # as CI sets it
    ],
)
def test_only_a_terminal_that_can_redraw_gets_a_table_that_does(file, environment, display):
    console = Console(file=file, _environ=environment)

    assert type(watched(console)) is display
