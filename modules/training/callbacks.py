"""The Keras callbacks that the spec names; their files lie in the run's folder."""

import pathlib
from collections.abc import Sequence

import keras

from modules.spec.callbacks import (
    Callback,
    CsvLogger,
    EarlyStopping,
    ModelCheckpoint,
    ReduceLrOnPlateau,
    TensorBoard,
    active,
)
from modules.spec.metrics import best


def build_callbacks(
    settings: Sequence[Callback], run_folder: pathlib.Path
) -> list[keras.callbacks.Callback]:
    """Early stopping, checkpoint and TensorBoard, replaced by or followed by those given.

    Args:
        settings: names and parameters.
        run_folder: made if it is not there; `best.weights.h5` (or `last.weights.h5`),
            `history.csv` and TensorBoard's folders are written into it.

    Raises:
        ValueError: if a callback monitors what no metric is called.
    """
    run_folder.mkdir(parents=True, exist_ok=True)
    return [_build(callback, run_folder) for callback in active(settings)]


def _build(callback: Callback, folder: pathlib.Path) -> keras.callbacks.Callback:
    settings = callback.model_dump(exclude={"name"})
    if isinstance(callback, EarlyStopping | ReduceLrOnPlateau | ModelCheckpoint):
        # Keras guesses by names that are not ours, or does not train.
        settings["mode"] = best(callback.monitor)
    match callback:
        case EarlyStopping():
            built = keras.callbacks.EarlyStopping(**settings, restore_best_weights=True)
        case ReduceLrOnPlateau():
            built = keras.callbacks.ReduceLROnPlateau(**settings)
        case ModelCheckpoint():
            weights = "best.weights.h5" if callback.save_best_only else "last.weights.h5"
            file = str(folder / weights)
            built = keras.callbacks.ModelCheckpoint(file, save_weights_only=True, **settings)
        case CsvLogger():
            built = keras.callbacks.CSVLogger(str(folder / "history.csv"), **settings)
        case TensorBoard():
            built = keras.callbacks.TensorBoard(str(folder), **settings)
    return built
