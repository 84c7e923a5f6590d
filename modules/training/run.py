"""TFX Trainer's entry: trains here, or starts the processes that do."""

from typing import Any

from modules.training import cluster, launcher, server
from modules.training.job import Job
from modules.training.kubernetes.launch import launch
from modules.training.trainer import train


def run_fn(fn_args: Any) -> None:
    """Trains on `train`, watches `valid`, and writes the model and its history.

    With the strategies `multi_worker` and `parameter_server` this process starts those that train
    together, and waits for them; where TF_CONFIG is set already, as on a cluster, it is one of
    them.

    Args:
        fn_args: tfx FnArgs. `train_files`, `eval_files`: globs of transformed examples;
            `transform_output`; `serving_model_dir` and `model_run_dir`: where to write;
            `base_model`: the model to start from, or None; `custom_config`: `spec`, the learning
            spec as JSON; `folder`, that of the spec; and, if pods are to train, `cluster`, their
            settings (`modules/spec/workers.py`) as JSON.

    Raises:
        SpecError, GateError: as `train` does, whichever process it is in.
        WorkerLost: if the workers died more often than the spec allows.
        ClusterError: if the cluster refuses, or its workers do not start.
    """
    job = Job.of(fn_args)
    several = job.spec.training.strategy in ("multi_worker", "parameter_server")
    if not several or cluster.from_environment() is not None:
        take_part(job)
    elif job.cluster:
        launch(job)
    else:
        launcher.launch(job)


def take_part(job: Job) -> None:
    """Trains, or serves the chief that trains with parameter servers, as TF_CONFIG says it.

    A worker or parameter server serves until it is ended from outside.

    Raises:
        SpecError, GateError: as `train` and `serve` do.
    """
    found = cluster.from_environment()
    if job.spec.training.strategy == "parameter_server" and found and not found.is_chief:
        server.serve(found)
    else:
        train(job)
