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
    """The layers of a model in order: name, kind, inputs, shape of what comes out, parameters.

    The inputs are the names of the layers whose outputs it takes; None in a model that is no graph
    of layers, as one of the user's own class. The shape is text, `(None, 64)`; several are
    separated by commas; None where Keras knows none, as of a layer that such a model calls.
    """
    inputs = _inputs(model)
    return [
        {
            "name": layer.name,
            "kind": type(layer).__name__,
            "inputs": inputs.get(layer.name) if inputs else None,
            "output": _shape(layer),
            "parameters": layer.count_params() if layer.built else None,
        }
        for layer in model.layers
    ]


def _inputs(model: keras.Model) -> dict[str, list[str]]:
    """By layer, those whose outputs it takes, also through an operation that is no layer.

    Empty where Keras knows no graph.
    """
    # Keras 3.15 has no public name for the calls that a model is made of; its own summary takes
    # this one. A Sequential keeps them in a model of its own.
    calls = getattr(getattr(model, "_functional", None) or model, "_nodes_by_depth", {})
    names = {id(layer): layer.name for layer in model.layers}
    found: dict[str, list[str]] = {}
    reached: dict[int, list[str]] = {}  # by call, the layers whose outputs it hands on
    for depth in sorted(calls, reverse=True):
        for call in calls[depth]:
            parents = [name for parent in call.parent_nodes for name in reached[id(parent)]]
            name = names.get(id(call.operation))
            if name is not None:
                found[name] = list(dict.fromkeys([*found.get(name, ()), *parents]))
            reached[id(call)] = parents if name is None else [name]
    return found


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
