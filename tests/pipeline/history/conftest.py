"""A folder of runs, and the command that asks about it."""

import dataclasses
import json
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from tests.pipeline.history.story import Story


@dataclasses.dataclass(frozen=True)
class Told:
    """What a command printed, and its exit code."""

    code: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@pytest.fixture
def story(tmp_path):
    return Story(tmp_path / "runs")


@pytest.fixture
def headrace(tmp_path, monkeypatch):
    """Runs the command beside the folder of runs."""
    monkeypatch.chdir(tmp_path)

    def headrace(*words):
        told = CliRunner().invoke(main, [str(word) for word in words])
        if told.exception and not isinstance(told.exception, SystemExit):
            raise told.exception
        return Told(told.exit_code, told.output)

    return headrace
