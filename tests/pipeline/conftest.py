"""A spec in a folder, read from its text; the command, beside a folder of runs."""

import dataclasses
import json
from typing import Any

import pytest
from click.testing import CliRunner

from modules.errors import SpecError
from pipeline.cli import main
from pipeline.spec import load

SPEC = """
name = "flights"

[data]
source = "flights.csv"

[label]
column = "late"
task = "binary"

[features]
distance = { kind = "numeric", unit = "mile" }
carrier = { kind = "categorical" }
sched_dep = { kind = "timestamp" }
"""


@pytest.fixture
def folder(tmp_path):
    """The folder of the spec, with files that it may name."""
    (tmp_path / "my_model.py").write_text("def build(): ...\n")
    (tmp_path / "schema.pbtxt").write_text("")
    return tmp_path


@pytest.fixture
def read(folder):
    """The spec in a text, with overrides."""

    def read(*overrides, text=SPEC):
        file = folder / "spec.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(file, overrides)

    return read


@pytest.fixture
def problems(folder, read):
    """What is said of a text with overrides, without the path of the file."""

    def problems(*overrides, text=SPEC):
        with pytest.raises(SpecError) as raised:
            read(*overrides, text=text)
        return [said.replace(f"{folder / 'spec.toml'}: ", "") for said in raised.value.problems]

    return problems


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
def headrace(tmp_path, monkeypatch):
    """Runs the command beside the folder of runs."""
    monkeypatch.chdir(tmp_path)

    def headrace(*words):
        told = CliRunner().invoke(main, [str(word) for word in words])
        if told.exception and not isinstance(told.exception, SystemExit):
            raise told.exception
        return Told(told.exit_code, told.output)

    return headrace
