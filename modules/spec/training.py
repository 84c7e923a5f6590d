"""The `[training]` table: how the model is trained, on what, and what happens when it is not."""

from typing import Literal

import pydantic

from modules.spec.callbacks import Callback
from modules.spec.losses import Loss
from modules.spec.metrics import Metric
from modules.spec.optimizers import AdamW, Cosine, Optimizer, Schedule
from modules.spec.part import NotNegative, Part, Positive

Strategy = Literal["none", "mirrored", "multi_worker", "tpu", "parameter_server"]
Precision = Literal["float32", "bfloat16", "float16", "auto"]


class Training(Part):
    """How the model is trained."""

    epochs: int = pydantic.Field(20, ge=1)  # passes over the train split, at most
    steps: int | None = pydantic.Field(None, ge=1)  # optimizer steps; replaces epochs
    batch_size: int = pydantic.Field(512, ge=1)  # examples a step, summed over replicas
    seed: int = pydantic.Field(0, ge=0, lt=2**31)

    optimizer: Optimizer = AdamW()
    learning_rate: float = pydantic.Field(1e-3, gt=0)  # the highest of the schedule
    schedule: Schedule = Cosine()
    loss: Loss | None = None  # None: that of the label's task
    metrics: tuple[Metric, ...] = ()  # beside those of the task
    callbacks: tuple[Callback, ...] = ()  # beside those always there, or in their place by name
    clip_norm: Positive | None = None  # of the gradient of a whole batch
    class_weights: Literal["balanced"] | dict[str, NotNegative] | None = None  # by class
    warm_start: bool = False  # from the latest blessed model, as far as its shapes allow

    strategy: Strategy = "none"
    workers: int = pydantic.Field(2, ge=1)  # processes that compute, on this machine
    precision: Precision = "float32"  # of the network's arithmetic; weights stay float32
    deterministic: bool = False  # on GPUs, too, where it costs time; processors always are
    jit_compile: bool = False  # with XLA
    # Of the transformed examples of a split, in each process; more than that lies on disk.
    memory_mb: int = pydantic.Field(2048, ge=0)
    steps_per_execution: int | None = pydantic.Field(None, ge=1)  # None: up to 16, if they divide
    max_restarts: int = pydantic.Field(3, ge=0)  # of the workers, when one of them dies
    checkpoint_minutes: float = pydantic.Field(1.0, gt=0)  # between two checkpoints, at most
    checkpoint_steps: int | None = pydantic.Field(None, ge=1)  # as well, for long steps

    @pydantic.model_validator(mode="after")
    def _workers_can_go_their_own_ways(self) -> "Training":
        if self.strategy != "parameter_server":
            return self
        # docs/decisions/keras-multi-worker.md has what happens otherwise.
        wrong = []
        if self.jit_compile:
            wrong.append("jit_compile (XLA cannot reach weights of another process)")
        if self.deterministic:
            wrong.append("deterministic (the weights depend on which worker is ready first)")
        if self.precision == "float16":
            wrong.append(
                "precision 'float16' (one worker changes the loss scale while another's gradient "
                "still has the old one; 'bfloat16' has none)"
            )
        if wrong:
            raise ValueError(
                f"the strategy 'parameter_server' excludes {', '.join(wrong)}. Leave it out, or "
                f"take 'multi_worker', whose workers agree on every step"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _workers_can_share_the_work(self) -> "Training":
        together = self.strategy in ("mirrored", "multi_worker")
        if together and self.jit_compile and (self.steps_per_execution or 1) > 1:
            raise ValueError(
                f"jit_compile and steps_per_execution {self.steps_per_execution} exclude each "
                f"other with the strategy {self.strategy!r}. Give up one of them"
            )
        if self.strategy != "multi_worker":
            return self
        if self.batch_size < self.workers:
            raise ValueError(
                f"batch_size {self.batch_size} leaves workers without an example: it is shared "
                f"by {self.workers} workers. Raise batch_size or lower workers"
            )
        if self.batch_size % self.workers:
            lower = self.batch_size - self.batch_size % self.workers
            raise ValueError(
                f"batch_size {self.batch_size} does not divide among {self.workers} workers: "
                f"shares must be equal, so that every example counts alike. "
                f"Take {lower} or {lower + self.workers}"
            )
        return self
