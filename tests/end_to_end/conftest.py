"""Runs of the real command on real files, as a user would start them."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).parents[2]
HEADRACE = pathlib.Path(sys.executable).parent / "headrace"
# What a Python that is to have TensorFlow and nothing of ours refuses to import.
GUARD = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pipeline", "components", "modules", "tensorflow_transform",
                                      "tfx", "tfx_bsl", "tf_keras"):
            raise ImportError(f"{name} is not to be used here")

sys.meta_path.insert(0, Refuse())
"""

Finished = subprocess.CompletedProcess[str]


def _environment(**changes: str) -> dict[str, str]:
    """That of a new terminal: other tests import tensorflow_transform, which changes it."""
    kept = {key: value for key, value in os.environ.items() if key != "TF_USE_LEGACY_KERAS"}
    return {**kept, **changes}


@pytest.fixture(scope="session")
def command() -> pathlib.Path:
    """The path of `headrace`."""
    return HEADRACE


@pytest.fixture(scope="session")
def headrace() -> Callable[..., Finished]:
    """Runs the command with the arguments and waits for its end."""

    def run(*arguments: object, timeout: float = 280, cwd: pathlib.Path | None = None) -> Finished:
        return subprocess.run(
            [HEADRACE, *map(str, arguments)],
            cwd=cwd,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def json_of(headrace: Callable[..., Finished]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs the command with --json: exit code and the one object that it prints."""

    def run(*arguments: object, timeout: float = 280) -> tuple[int, dict[str, Any]]:
        finished = headrace(*arguments, "--json", timeout=timeout)
        assert finished.stderr == ""
        return finished.returncode, json.loads(finished.stdout)

    return run


@pytest.fixture
def tensorflow_alone(tmp_path: pathlib.Path) -> Callable[..., Finished]:
    """Runs a script with a Python that has TensorFlow and can import nothing of ours."""

    def run(*words: object) -> Finished:
        (tmp_path / "sitecustomize.py").write_text(GUARD)
        return subprocess.run(
            [sys.executable, "-P", *map(str, words)],
            cwd=tmp_path,
            env=_environment(PYTHONPATH=str(tmp_path), TF_CPP_MIN_LOG_LEVEL="3"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def copy_of(tmp_path: pathlib.Path) -> Callable[[str], pathlib.Path]:
    """A committed data set in a folder of the test's own: gives the path of its spec."""

    def copy(name: str) -> pathlib.Path:
        ignored: Any = shutil.ignore_patterns("full", "runs")
        shutil.copytree(ROOT / "data" / name, tmp_path / name, ignore=ignored)
        return tmp_path / name / "spec.toml"

    return copy


@pytest.fixture
def birds(copy_of: Callable[[str], pathlib.Path]) -> pathlib.Path:
    """The spec of the penguins, trained for a moment only and blessed whatever comes."""
    spec = copy_of("penguins")
    text = spec.read_text().replace("epochs = 30", "epochs = 2")
    rules = text.index("rules = [")
    spec.write_text(text[:rules] + "rules = []" + text[text.index("\n]", rules) + 2 :])
    return spec
