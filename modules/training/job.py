"""What a training is told: TFX's arguments as plain JSON, so that other processes can be too."""

import pathlib
import uuid
from typing import Any

from modules.spec.learning import LearningSpec
from modules.spec.part import Part
from modules.spec.workers import Workers


class Job(Part):
    """One training. Paths are URIs where the pipeline's are."""

    spec: LearningSpec
    folder: str  # of the spec, where the user's own files lie
    transform: str  # the transform graph
    train: tuple[str, ...]  # globs of transformed examples to learn from
    valid: tuple[str, ...]  # to watch
    model: str  # where the SavedModel goes
    run: str  # where the history, logs and checkpoints go
    base_model: str | None = None  # the SavedModel to start from
    cluster: Workers | None = None  # the pods that train; None: this machine does
    attempt: str = ""  # tells this job from one for the same folders, before or after it
    restarts: tuple[str, ...] = ()  # why it was started again, in order

    @classmethod
    def of(cls, fn_args: Any) -> "Job":
        """The job that TFX's FnArgs describe; steps that they give replace those of the spec."""
        spec = LearningSpec.model_validate_json(fn_args.custom_config["spec"])
        if fn_args.train_steps:
            training = spec.training.model_copy(update={"steps": fn_args.train_steps})
            spec = spec.model_copy(update={"training": training})
        cluster = fn_args.custom_config.get("cluster")
        return cls(
            spec=spec,
            folder=fn_args.custom_config["folder"],
            transform=fn_args.transform_output,
            train=tuple(fn_args.train_files),
            valid=tuple(fn_args.eval_files),
            model=fn_args.serving_model_dir,
            run=fn_args.model_run_dir,
            base_model=fn_args.base_model,
            cluster=cluster and Workers.model_validate_json(cluster),
            attempt=uuid.uuid4().hex,
        )

    @property
    def run_folder(self) -> pathlib.Path:
        """Where the history, logs and checkpoints go."""
        return pathlib.Path(self.run)
