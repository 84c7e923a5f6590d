"""A launch in this process, and what is left of it."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from modules.training.job import Job
from modules.training.kubernetes.launch import Launch, launch
from tests.kubeflow.api.cluster import Cluster


def finish(job: Job, found: Cluster) -> None:
    """What workers do at the end."""
    stage = Launch.of(job).stage
    (stage.folder / "model").mkdir(exist_ok=True)
    (stage.folder / "model" / "saved_model.pb").touch()
    (stage.session / "done").touch()
    for pod in found.running().values():
        found.kill(pod)


@contextlib.contextmanager
def launched(job: Job, found: Cluster) -> Iterator[list[Exception]]:
    """Launches a job in a thread; within the block it runs, behind it it has ended.

    Yields:
        What it raised, as soon as it did.
    """
    failures: list[Exception] = []

    def run() -> None:
        try:
            launch(job)
        except Exception as error:  # for the test to look at
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield failures
    finally:
        if thread.is_alive():
            finish(job, found)
        thread.join(60)
    assert not thread.is_alive()


def names(found: Cluster, plural: str) -> list[str]:
    """Of the objects of a kind."""
    return [body["metadata"]["name"] for body in found.all(plural)]


def pods(found: Cluster) -> list[dict[str, Any]]:
    """Those of workers."""
    return [body for body in found.all("pods") if body["spec"].get("containers")]


def assert_nothing_is_left(found: Cluster) -> None:
    """On the cluster and on its volume."""
    assert names(found, "jobs") + names(found, "services") == []
    assert pods(found) == []
    assert list(found.shared.iterdir()) == []
