"""Runs the flights as Kubeflow Pipelines would, on this machine: `make kubeflow`.

Compiles the spec, and plays driver, launcher, kubelet and the Kubernetes API around the pods' real
commands: a pod a stage, each in namespaces of its own, and a Trainer whose two workers are pods of
a Job. Needs Linux namespaces, as root; no cluster and no container engine.
"""

import pathlib
import shutil
import tempfile
import time

from modules.errors import InputProblem
from tests.kubeflow import flights, harness


def main() -> None:
    """Prints a line a stage, and where everything is."""
    why = harness.unavailable()
    if why:
        raise SystemExit(f"error: {why}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-kubeflow-"))
    started = time.monotonic()
    try:
        with flights.cluster(folder, *flights.TWO_WORKERS, told=_tell) as play:
            run = play({})
    except InputProblem as problem:
        raise SystemExit("\n".join(f"error: {line}" for line in problem.problems)) from None
    failed = [task for task in run.tasks.values() if task.state == harness.State.FAILED]
    for task in failed:
        print(f"\n{task.name}: {task.error}\n{task.last_lines}")
    print(f"\nPipeline: {folder / 'pipeline.yaml'}")
    print(f"Artifacts, a folder a stage: {folder / 'bucket'}")
    if not failed:
        pushed = run["pusher"].artifacts["pushed_model"].metadata["pushed_destination"]
        print(f"Pushed model: {pushed}")
        (page,) = folder.joinpath("bucket").rglob("Report/*/report")
        print(f"Report: {shutil.copy(page, folder / 'report.html')}")
    print(f"{time.monotonic() - started:.0f} s in all")
    raise SystemExit(1 if failed else 0)


def _tell(task: harness.Task) -> None:
    print(f"{task.name:<28} {task.state.lower():<9} {task.seconds:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
