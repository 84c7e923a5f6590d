"""The Keras optimizers that the spec names."""

from collections.abc import Callable
from typing import Any

import keras

from modules.spec.optimizers import Optimizer

_CLASSES = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "adafactor": keras.optimizers.Adafactor,
    "lion": keras.optimizers.Lion,
    "lamb": keras.optimizers.Lamb,
    "muon": keras.optimizers.Muon,
    "ftrl": keras.optimizers.Ftrl,
}
# The output layers of modules/models/heads.py, which Muon's author leaves to AdamW.
_OUTPUT = "logits"


def _itself(optimizer: type) -> type:
    return optimizer


def build_optimizer(
    settings: Optimizer,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
    base: Callable[[type], type] = _itself,
) -> keras.optimizers.Optimizer:
    """The optimizer, which clips no gradient.

    Args:
        settings: name and parameters.
        learning_rate: above 0, or as `modules.training.schedules.build_schedule` gives it.
        base: the class to take instead of Keras's: that class or a subclass with its arguments.
    """
    parameters: dict[str, Any] = settings.model_dump(exclude={"name"})
    if "weight_decay" in parameters:
        # Keras would multiply every weight by 1 in each step; None leaves them alone.
        parameters["weight_decay"] = parameters["weight_decay"] or None
    if settings.name == "muon":
        parameters["adam_weight_decay"] = parameters["weight_decay"]
        parameters["exclude_layers"] = [_OUTPUT]
    return base(_CLASSES[settings.name])(learning_rate=learning_rate, **parameters)
