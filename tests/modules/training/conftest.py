"""Groups of processes, each run once a session however many tests look at what it did."""

import fcntl
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.modules.training.groups import run_coordinated, run_group


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """`once(name, run)`: what `run()` gave the first time, as JSON."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of the session: pytest's own processes share the results

    def once(name: str, run: Callable[[], Any]) -> Any:
        file = folder / name
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if file.exists():
                return json.loads(file.read_text("utf-8"))
            reports = run()
            file.write_text(json.dumps(reports), "utf-8")
            return reports

    return once


@pytest.fixture(scope="session")
def group(once: Callable[..., Any]) -> Callable[..., list[Any]]:
    """`group(script, workers, *arguments)`: what each worker reported, as `run_group` gives it."""

    def group(script: pathlib.Path, workers: int, *arguments: str) -> list[Any]:
        name = "-".join(["group", script.stem, str(workers), *arguments])
        reports: list[Any] = once(name, lambda: run_group(script, workers, *arguments, limit=400))
        return reports

    return group


@pytest.fixture(scope="session")
def coordinated(once: Callable[..., Any]) -> Callable[..., Any]:
    """`coordinated(script, workers)`: what the chief reported, as `run_coordinated` gives it."""

    def coordinated(script: pathlib.Path, workers: int) -> Any:
        name = f"coordinated-{script.stem}-{workers}"
        return once(name, lambda: run_coordinated(script, workers, limit=400))

    return coordinated
