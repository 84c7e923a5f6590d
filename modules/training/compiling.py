"""Compiles a model as the spec says."""

import keras

from modules.columns import Head
from modules.spec.label import Label
from modules.training.fit import Plan
from modules.training.gradients import LossScale, prepared
from modules.training.losses import build_loss
from modules.training.metrics import build_metrics
from modules.training.optimizers import build_optimizer
from modules.training.precision import Resolved
from modules.training.schedules import build_schedule


def compile_for(
    model: keras.Model, planned: Plan, label: Label, head: Head, precision: Resolved
) -> None:
    """Compiles a built model, within the strategy that it was made in."""
    training = planned.training
    rate = build_schedule(training.schedule, training.learning_rate, planned.total)
    optimizer = build_optimizer(
        training.optimizer, rate, lambda known: prepared(known, training.clip_norm)
    )
    if precision == "float16":
        optimizer = LossScale(optimizer)
    model.compile(
        optimizer=optimizer,
        loss=build_loss(training.loss, head),
        metrics=build_metrics(training.metrics, label),
        jit_compile=training.jit_compile,
        steps_per_execution=planned.at_once,
        auto_scale_loss=False,  # done above, for every strategy
    )
    optimizer.build(model.trainable_variables)  # else in the first step, on each replica
