"""The callbacks that `training.callbacks` may name. Files lie in the run's folder."""

from collections.abc import Sequence
from typing import Annotated, Literal

import pydantic

from modules.spec.part import NotNegative, Part, Within0And1, named


class EarlyStopping(Part):
    """Ends training when a number no longer gets better; the best weights are kept."""

    name: Literal["early_stopping"] = "early_stopping"
    monitor: str = "val_loss"
    patience: int = pydantic.Field(4, ge=0)  # epochs without an improvement
    min_delta: NotNegative = 0.0  # less is no improvement
    start_from_epoch: int = pydantic.Field(0, ge=0)  # epochs before it that are not looked at


class ReduceLrOnPlateau(Part):
    """Lowers a constant learning rate when a number no longer gets better."""

    name: Literal["reduce_lr_on_plateau"] = "reduce_lr_on_plateau"
    monitor: str = "val_loss"
    factor: Within0And1 = 0.1  # what the learning rate is multiplied by
    patience: int = pydantic.Field(2, ge=0)  # epochs without an improvement
    min_delta: NotNegative = 0.0  # less is no improvement
    cooldown: int = pydantic.Field(0, ge=0)  # epochs after a reduction that do not count
    min_lr: NotNegative = 0.0


class ModelCheckpoint(Part):
    """Writes the weights: `best.weights.h5`, or `last.weights.h5` when not only the best."""

    name: Literal["model_checkpoint"] = "model_checkpoint"
    monitor: str = "val_loss"
    save_best_only: bool = True


class CsvLogger(Part):
    """Writes `history.csv`, a row an epoch."""

    name: Literal["csv_logger"] = "csv_logger"
    separator: Literal[",", ";", "\t"] = ","


class TensorBoard(Part):
    """Writes what TensorBoard shows."""

    name: Literal["tensorboard"] = "tensorboard"
    histogram_freq: int = pydantic.Field(0, ge=0)  # epochs between histograms; 0: none
    write_graph: bool = False
    write_steps_per_second: bool = False
    update_freq: Literal["epoch", "batch"] = "epoch"
    profile_batch: int = pydantic.Field(0, ge=0)  # the batch to profile; 0: none


Callback = Annotated[
    EarlyStopping | ReduceLrOnPlateau | ModelCheckpoint | CsvLogger | TensorBoard,
    pydantic.Field(discriminator="name"),
    pydantic.BeforeValidator(named),
]

_DEFAULTS: tuple[Callback, ...] = (EarlyStopping(), ModelCheckpoint(), TensorBoard())


def active(callbacks: Sequence[Callback]) -> tuple[Callback, ...]:
    """Those always there, each replaced by a given one of its name, then the others given."""
    merged = {callback.name: callback for callback in (*_DEFAULTS, *callbacks)}
    return tuple(merged.values())
