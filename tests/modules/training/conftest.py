"""Groups of workers, each run once a session however many tests look at what it did."""

import fcntl
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.modules.training.groups import run_group


@pytest.fixture(scope="session")
def group(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Any]]:
    """`group(script, workers, *arguments)`: what each worker reported, as `run_group` gives it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of the session: pytest's own processes share the results

    def group(script: pathlib.Path, workers: int, *arguments: str) -> list[Any]:
        file = folder / "-".join(["group", script.stem, str(workers), *arguments])
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if file.exists():
                stored: list[Any] = json.loads(file.read_text("utf-8"))
                return stored
            reports = run_group(script, workers, *arguments, limit=400)
            file.write_text(json.dumps(reports), "utf-8")
            return reports

    return group
