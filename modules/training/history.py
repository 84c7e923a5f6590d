"""What is written of a training with its model, for the report and for other programs."""

import importlib.metadata
import json
import pathlib
import platform
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from modules.spec.callbacks import EarlyStopping, active
from modules.spec.metrics import best
from modules.spec.training import Training
from modules.training.fit import Plan
from modules.training.recording import Recorder

FILE = "history.json"  # in the run folder
_NAMED_VERSIONS = ("headrace", "keras", "tensorflow", "tfx")


def history(recorder: Recorder, plan: Plan, **facts: Any) -> dict[str, Any]:
    """Everything a reader would ask of a training, as JSON values.

    Args:
        recorder: what happened.
        plan: what was to happen.
        facts: about the machines and the export, by name.

    Returns:
        `steps`, `epochs` and `restarts`: records as `Recorder` keeps them; `best_epoch`, from 1;
        `training`: the spec's table; `steps_per_epoch` and `steps_per_execution`; `versions`; and
        the facts.
    """
    return {
        "best_epoch": _best_epoch(recorder, plan.training),
        "steps_taken": recorder.step,
        "steps_per_epoch": plan.order.steps_per_epoch,
        "steps_per_execution": plan.at_once,
        "training": plan.training.model_dump(mode="json"),
        "versions": _versions(),
        **facts,
        "restarts": recorder.restarts,
        "epochs": recorder.epochs,
        "steps": recorder.steps,
    }


def layers(model: keras.Model) -> list[dict[str, Any]]:
    """The layers of a model in order: name, kind, shape of what comes out, and parameters.

    The shape is text, `(None, 64)`; several are separated by commas; None where Keras knows none,
    as of a layer that is called by a model of the user's own class.
    """
    return [
        {
            "name": layer.name,
            "kind": type(layer).__name__,
            "output": _shape(layer),
            "parameters": layer.count_params() if layer.built else None,
        }
        for layer in model.layers
    ]


def _shape(layer: keras.Layer) -> str | None:
    try:
        outputs = keras.tree.flatten(layer.output)
    except AttributeError:  # Keras's words for it is called nowhere, or in several places
        return None
    return ", ".join(str(tuple(output.shape)) for output in outputs)


def _best_epoch(recorder: Recorder, training: Training) -> int:
    """The epoch, from 1, whose weights early stopping has kept."""
    monitor = next(c.monitor for c in active(training.callbacks) if isinstance(c, EarlyStopping))
    values = np.array([epoch[monitor] for epoch in recorder.epochs], float)  # None becomes NaN
    return int(np.nanargmin(values) if best(monitor) == "min" else np.nanargmax(values)) + 1


def write(found: Mapping[str, Any], run_folder: pathlib.Path) -> None:
    """Writes the history beside the training's logs."""
    run_folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, allow_nan=False)
    (run_folder / FILE).write_text(text, encoding="utf-8")


def read(run_folder: pathlib.Path) -> dict[str, Any]:
    """The history of a training."""
    return json.loads((run_folder / FILE).read_text(encoding="utf-8"))


def _versions() -> dict[str, str]:
    named = {name: importlib.metadata.version(name) for name in _NAMED_VERSIONS}
    return {"python": platform.python_version(), **named}
