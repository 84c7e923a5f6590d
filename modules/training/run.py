"""TFX Trainer's entry: trains here, or starts the workers that do."""

from typing import Any

from modules.training import cluster, launcher
from modules.training.job import Job
from modules.training.trainer import train


def run_fn(fn_args: Any) -> None:
    """Trains on `train`, watches `valid`, and writes the model and its history.

    With the strategy `multi_worker` this process starts the workers, each a process, and waits for
    them; where TF_CONFIG is set already, as on a cluster, it is one of them.

    Args:
        fn_args: tfx FnArgs. `train_files`, `eval_files`: globs of transformed examples;
            `transform_output`; `serving_model_dir` and `model_run_dir`: where to write;
            `base_model`: the model to start from, or None; `custom_config`: `spec`, the learning
            spec as JSON, and `folder`, that of the spec.

    Raises:
        SpecError, GateError: as `train` does, whichever process it is in.
        WorkerLost: if the workers died more often than the spec allows.
    """
    job = Job.of(fn_args)
    if job.spec.training.strategy == "multi_worker" and cluster.from_environment() is None:
        launcher.launch(job)
    else:
        train(job)
