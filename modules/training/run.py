"""Trains one model: transformed examples in, a checked SavedModel out."""

import json
import math
import pathlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from modules import columns as columns_of
from modules.errors import GateError
from modules.export import export
from modules.models.build import build_model
from modules.preprocessing import transformed
from modules.progress import TrainingProgress
from modules.spec.label import Label
from modules.spec.learning import LearningSpec
from modules.spec.training import Training
from modules.training.input import Arrays, evaluation_batches, load, rows, training_batches

_LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}


def run_fn(fn_args: Any) -> None:
    """TFX Trainer's entry: trains on `train`, watches `valid`, writes model and history.

    Args:
        fn_args: tfx FnArgs. `train_files`, `eval_files`: globs of transformed examples;
            `transform_output`; `serving_model_dir` and `model_run_dir`: where to write;
            `custom_config`: `spec`, the learning spec as JSON, and `folder`, that of the spec.
    """
    spec = LearningSpec.model_validate_json(fn_args.custom_config["spec"])
    transform = tft.TFTransformOutput(fn_args.transform_output)
    parsed = transform.transformed_feature_spec()
    train, valid = load(fn_args.train_files, parsed), load(fn_args.eval_files, parsed)
    keras.utils.set_random_seed(spec.training.seed)
    model = build_model(
        spec.model,
        columns_of.columns(transform, spec.label),
        columns_of.head(spec.label, train[transformed(spec.label.column)]),
        pathlib.Path(fn_args.custom_config["folder"]),
    )
    history = fit(model, spec, train, valid, pathlib.Path(fn_args.model_run_dir))
    export(model, transform, spec, pathlib.Path(fn_args.serving_model_dir))
    text = json.dumps(history, indent=1)
    (pathlib.Path(fn_args.model_run_dir) / "history.json").write_text(text, encoding="utf-8")


def fit(
    model: keras.Model, spec: LearningSpec, train: Arrays, valid: Arrays, run_folder: pathlib.Path
) -> dict[str, Any]:
    """Trains the model in place, ends with its best weights, and returns the history.

    Returns:
        `epochs`: for each metric a number an epoch; `steps`: optimizer steps taken;
        `best_epoch`, counted from 1; `examples`: rows of each split.

    Raises:
        GateError: if a loss is not finite: the model would be worthless.
    """
    label, training = transformed(spec.label.column), spec.training
    batches = training_batches(train, label, training.batch_size, training.seed)
    steps_per_epoch = max(1, rows(train) // training.batch_size)
    steps = training.steps or training.epochs * steps_per_epoch
    model.compile(
        optimizer=_optimizer(training, steps),
        loss=_LOSSES[spec.label.task],
        metrics=_metrics(spec.label),
    )
    history = model.fit(
        batches.repeat(),
        epochs=math.ceil(steps / steps_per_epoch),
        steps_per_epoch=steps_per_epoch,
        validation_data=evaluation_batches(valid, label),
        callbacks=[*_callbacks(training, run_folder), _StopAfter(steps)],
        shuffle=False,  # the batches are shuffled already
        verbose=2,
    ).history
    losses = history["val_loss"]
    if not np.isfinite(losses).all():
        raise GateError(
            [
                f"training: the validation loss became {losses[-1]} in epoch {len(losses)}, "
                f"expected a finite number. Lower training.learning_rate "
                f"(now {training.learning_rate:g})"
            ]
        )
    return {
        "epochs": history,
        "steps": int(model.optimizer.iterations),
        "best_epoch": int(np.argmin(losses)) + 1,
        "examples": {"train": rows(train), "valid": rows(valid)},
    }


def _optimizer(training: Training, steps: int) -> keras.optimizers.Optimizer:
    """AdamW (Loshchilov and Hutter, 2019), the learning rate falling to 0 as a cosine."""
    schedule = keras.optimizers.schedules.CosineDecay(training.learning_rate, steps)
    return keras.optimizers.AdamW(schedule, weight_decay=training.weight_decay)


def _metrics(label: Label) -> list[keras.metrics.Metric]:
    match label.task:
        case "binary":
            return [keras.metrics.AUC(name="auc"), keras.metrics.BinaryAccuracy(name="accuracy")]
        case "multiclass":
            return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
        case _:
            return [
                keras.metrics.RootMeanSquaredError(name="rmse"),
                keras.metrics.MeanAbsoluteError(name="mae"),
            ]


class _StopAfter(keras.callbacks.Callback):
    """Ends training after a number of optimizer steps, within an epoch if need be."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps = steps

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Counts by the optimizer, which knows of steps from before a restart."""
        del batch, logs
        if int(self.model.optimizer.iterations) >= self._steps:
            self.model.stop_training = True


def _callbacks(training: Training, run_folder: pathlib.Path) -> list[keras.callbacks.Callback]:
    tf.io.gfile.makedirs(str(run_folder))
    return [
        TrainingProgress(),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=training.patience, restore_best_weights=True
        ),
        keras.callbacks.ModelCheckpoint(
            str(run_folder / "best.weights.h5"), save_best_only=True, save_weights_only=True
        ),
        keras.callbacks.TensorBoard(str(run_folder), write_graph=False),
    ]
