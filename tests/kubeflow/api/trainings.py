"""Trainings on the cluster of these tests: real pods, the real client, a job of a few seconds."""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from modules.training import checkpoint, history
from modules.training.job import Job
from modules.training.kubernetes.launch import Launch
from modules.training.kubernetes.staging import Stage
from tests.kubeflow.api.cluster import Cluster, cluster
from tests.kubeflow.api.jobs import settings
from tests.modules.training.jobs import MODEL, job, joined
from tests.modules.training.workers import step, wait_for

# As in tests/modules/training/test_launcher.py: steps of some 50 ms, so that a kill falls between.
LONG = {
    "model": MODEL | {"hidden": [512, 512]},
    "copies": 100,
    "batch_size": 2000,
    "steps": 50,
    "steps_per_execution": 1,
    "checkpoint_steps": 1,
}
_PROGRAM = """
import logging, pathlib, sys
from modules.progress import LOGGER
from modules.training.job import Job
from modules.training.kubernetes.launch import launch
LOGGER.addHandler(logging.StreamHandler(sys.stdout))
LOGGER.setLevel(logging.INFO)
launch(Job.model_validate_json(pathlib.Path(sys.argv[1]).read_text("utf-8")))
"""


def clustered(found: Cluster, data: Any, folder: pathlib.Path, **given: Any) -> Job:
    """A job for pods that train; what is given is that of `tests/modules/training/jobs.py`."""
    folder.mkdir(exist_ok=True)
    made = job(data, folder, **{"strategy": "multi_worker", "workers": 2} | given)
    return Job.model_validate(made.model_dump() | {"cluster": settings(found)})


@contextlib.contextmanager
def launching(
    made: Job, environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], pathlib.Path]]:
    """A process that launches a job, and the file of what it says."""
    with tempfile.TemporaryDirectory() as temporary:
        file, said = pathlib.Path(temporary) / "job.json", pathlib.Path(temporary) / "said"
        file.write_text(made.model_dump_json(), "utf-8")
        with said.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(file)],
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process, said
        finally:
            process.kill()
            process.wait()


def undisturbed(data: Any, folder: pathlib.Path) -> dict[str, Any]:
    """What is left of a training that nothing happened to."""
    with cluster(folder) as found:
        made = clustered(found, data, folder / "out", **LONG)
        with launching(made, found.env) as (process, said):
            process.wait(300)
            return _report(found, folder / "out", said)


def disturbed(data: Any, folder: pathlib.Path) -> dict[str, Any]:
    """The same, when a worker is killed, then the launch, then the chief while it exports."""
    with cluster(folder) as found:
        made = clustered(found, data, folder / "out", **LONG)
        stage = Launch.of(made).stage
        with launching(made, found.add_launcher("first")) as (first, said):
            wait_for(lambda: _stopped(first, said) or step(stage.run) >= 10)
            killed = [found.running()[1]]
            found.kubelet.is_slow = True  # the others wait, so that the launches can change
            found.kill(killed[0])
            wait_for(lambda: _stopped(first, said) or _restarts(stage) == 1)
            before = _owners(found)
        with launching(made, found.add_launcher("second")) as (second, said):
            wait_for(lambda: _stopped(second, said) or "first" not in dict(_owners(found)).values())
            after = _owners(found)
            found.kubelet.is_slow = False
            wait_for(lambda: _stopped(second, said) or _trained(stage))
            killed.append(found.running()[0])
            found.kill(killed[1])
            second.wait(300)
            report = _report(found, folder / "out", said)
        return report | {"killed": killed, "owners": [before, after]}


def _owners(found: Cluster) -> list[tuple[str, str]]:
    """The number of the Job and of the Service, each with the name of its owner."""
    objects = found.all("jobs") + found.all("services")
    return [
        (body["metadata"]["uid"], owner["name"])
        for body in objects
        for owner in body["metadata"]["ownerReferences"]
    ]


def _restarts(stage: Stage) -> int:
    return len(Job.model_validate_json(stage.job_file.read_text("utf-8")).restarts)


def _stopped(process: subprocess.Popen[bytes], said: pathlib.Path) -> bool:
    """Raises AssertionError if a launch has ended, which it should not."""
    if process.poll() is not None:
        raise AssertionError(said.read_text("utf-8")[-5000:])
    return False


def _trained(stage: Stage) -> bool:
    found = checkpoint.load(str(stage.run / checkpoint.CHECKPOINT))
    return bool(found and found.notes["ended"])


def _report(found: Cluster, out: pathlib.Path, said: pathlib.Path) -> dict[str, Any]:
    text = said.read_text("utf-8")
    if not (out / "run" / history.FILE).exists():
        raise AssertionError(text[-5000:])
    return {
        "weights": joined(out / "model").tolist(),
        "history": history.read(out / "run"),
        "files": sorted(str(path.relative_to(out)) for path in out.rglob("*")),
        "said": text,
        "objects": [found.all(plural) for plural in ("jobs", "services")],
        "pods": [p["metadata"]["name"] for p in found.all("pods") if p["spec"].get("containers")],
        "shared": sorted(path.name for path in found.shared.iterdir()),
    }
