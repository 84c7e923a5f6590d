"""Runs the flights as Kubeflow Pipelines would, on this machine: `make kubeflow`.

Compiles the spec, and plays driver, launcher, kubelet and the Kubernetes API around the pods' real
commands: a pod a stage, each in namespaces of its own, and a Trainer whose two workers are pods of
a Job. Needs Linux namespaces, as root; no cluster and no container engine.
"""

import contextlib
import pathlib
import shutil
import tempfile
import time
from collections.abc import Iterator

from modules.errors import InputProblem
from pipeline import spec as spec_of
from pipeline.kubeflow.command import compiled
from tests.kubeflow import harness
from tests.kubeflow.api import cluster as kubernetes

ROOT = pathlib.Path(__file__).parents[1]
DATA = ROOT / "data" / "flights"
WORKERS = (
    "training.strategy=multi_worker",
    "training.workers=2",
    'kubeflow.workers={cpu="1", memory="4Gi"}',
)


def main() -> None:
    """Prints a line a stage, and where everything is."""
    why = harness.unavailable()
    if why:
        raise SystemExit(f"error: {why}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-kubeflow-"))
    started = time.monotonic()
    try:
        run = play(folder, *WORKERS)
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
    print(f"{time.monotonic() - started:.0f} s in all")
    raise SystemExit(1 if failed else 0)


def play(folder: pathlib.Path, *overrides: str) -> harness.Run:
    """One run of the flights, everything of it below a folder.

    Raises:
        InputProblem: if the spec cannot be compiled.
    """
    with kubernetes.cluster(folder) as api, _data_on(api.shared):
        table = (
            f'kubeflow={{image="{kubernetes.IMAGE}", root="minio://mlpipeline/headrace", '
            f'volume={{claim="{kubernetes.CLAIM}", path="{api.shared}"}}}}'
        )
        pipeline = folder / "pipeline.yaml"
        spec = spec_of.load(DATA / "spec.toml", [table, *overrides])
        pipeline.write_text(compiled(spec, DATA), encoding="utf-8")
        (folder / "bucket").mkdir()
        login = api.shared / "kubeconfig"  # which the Trainer's pod can see
        shutil.copy(folder / "kubeconfig", login)
        return harness.run(
            pipeline,
            {},
            harness.Cluster(
                bucket=folder / "bucket",
                claims={kubernetes.CLAIM: api.shared},
                environment={**api.env, "KUBECONFIG": str(login)},
                networked=frozenset({"trainer"}),  # it calls the API
                told=_tell,
            ),
        )


@contextlib.contextmanager
def _data_on(volume: pathlib.Path) -> Iterator[None]:
    """What lies beside the spec, where the pods look for it."""
    (volume / "flights").mkdir()
    for name in ("flights.csv", "schema.pbtxt"):
        shutil.copy(DATA / name, volume / "flights")
    yield


def _tell(task: harness.Task) -> None:
    print(f"{task.name:<28} {task.state.lower():<9} {task.seconds:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
