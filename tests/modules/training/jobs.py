"""A small job of real files, as the Trainer gets it, and what it left behind."""

import pathlib
from typing import Any

import numpy as np
import tensorflow as tf
from tfx.components.trainer.fn_args_utils import FnArgs

from modules.export import WEIGHTS
from modules.training.job import Job

FEATURES = {"x": {"kind": "numeric"}, "c": {"kind": "categorical"}}
CATEGORIES = ["a", "a", "a", "b", "b", "c", "c", "d"]
COUNT = 200
MODEL = {"family": "mlp", "hidden": [8], "dropout": 0.0}
# Plain descent, at whose end nothing is put back: two trainings differ by rounding alone.
TRAINING = {
    "batch_size": 20,
    "steps": 30,
    "optimizer": "sgd",
    "schedule": "constant",
    "learning_rate": 0.1,
    "callbacks": [{"name": "early_stopping", "patience": 1000}],
}


def rows() -> list[dict[str, Any]]:
    """A number, at times missing, a category, and a label that is "1" in a quarter of the rows."""
    numbers = np.linspace(-1, 1, COUNT)
    return [
        {
            "c": CATEGORIES[place % 8],
            "label": "1" if number > 0.5 else "0",
            **({} if place % 17 == 5 else {"x": float(number)}),
        }
        for place, number in enumerate(numbers)
    ]


def fn_args(
    data: Any,
    folder: pathlib.Path,
    *,
    model: dict[str, Any] = MODEL,
    base: pathlib.Path | None = None,
    copies: int = 1,
    **training: Any,
) -> FnArgs:
    """What TFX gives to `run_fn`.

    Args:
        data: what the `transform` fixture made of `rows`.
        folder: of the spec; `model` and `run` are written into it.
        model: the table of that name.
        base: the SavedModel to start from.
        copies: how often each example is learned from, for steps that take their time.
        training: the table of that name, beside `TRAINING`.
    """
    spec = data.spec.model_dump(mode="json") | {"model": model, "training": TRAINING | training}
    return FnArgs(
        train_files=[data.files] * copies,
        eval_files=[data.files],
        transform_output=data.output.transform_savedmodel_dir.rpartition("/")[0],
        serving_model_dir=str(folder / "model"),
        model_run_dir=str(folder / "run"),
        base_model=base and str(base),
        custom_config={
            "spec": type(data.spec).model_validate(spec).model_dump_json(),
            "folder": str(folder),
        },
    )


def job(data: Any, folder: pathlib.Path, **given: Any) -> Job:
    """The job of `fn_args`."""
    return Job.of(fn_args(data, folder, **given))


def weights(folder: pathlib.Path) -> dict[str, np.ndarray]:
    """The weights of the SavedModel in a folder, by path."""
    checkpoint = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    found = {}
    for key in checkpoint.get_variable_to_shape_map():
        of, _, rest = key.partition("/")
        if of == WEIGHTS:
            found[rest.partition("/")[0].replace(".S", "/")] = checkpoint.get_tensor(key)
    return dict(sorted(found.items()))


def joined(folder: pathlib.Path) -> np.ndarray:
    """The weights of the SavedModel in a folder, one after the other."""
    return np.concatenate([array.ravel() for array in weights(folder).values()])
