"""What a Trainer tells of its training, for people."""

import dataclasses
import itertools
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from pipeline.report.facts.sources import Absent, Output, Outputs

_FILE = "history.json"  # as in modules/training/history.py, whose import takes seconds
_CURVES = 600  # points of a curve
_MARKS = 50  # of restarts in a curve
_MALFORMED = (
    OSError,
    ValueError,
    OverflowError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
)

Record = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Restart:
    """Why a training was started again, and from where it went on."""

    reason: str
    step: int | None = None  # None: of a version that did not note it
    epoch: float | None = None  # epochs that were done by then

    @classmethod
    def of(cls, told: Record | str) -> "Restart":
        """The restart of a record of `history.json`, or of the reason alone."""
        if isinstance(told, str):
            return cls(told)
        return cls(str(told["reason"]), int(told["step"]), float(told["epoch"]))


@dataclasses.dataclass(frozen=True)
class Layer:
    """A layer, as the Trainer tells of it."""

    name: str
    kind: str
    output: str | None  # shapes of what comes out; None where Keras knows none
    parameters: int | None  # None where they are not there yet
    inputs: tuple[str, ...] | None  # layers that it takes from; None where Keras knows no graph

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Layer":
        """The layer of a record of `history.json`; that of an older version has no inputs."""
        output, parameters, inputs = (told.get(each) for each in ("output", "parameters", "inputs"))
        return cls(
            name=str(told["name"]),
            kind=str(told["kind"]),
            output=None if output is None else str(output),
            parameters=None if parameters is None else int(parameters),
            inputs=None if inputs is None else tuple(map(str, inputs)),
        )


@dataclasses.dataclass(frozen=True)
class Training:
    """A training from its first step to its last."""

    steps: list[Record]  # `step`, `loss`, `learning_rate`, `gradient_norm`, ...
    epochs: list[Record]  # `epoch`, `step`, and every metric, watched ones as `val_...`
    best_epoch: int  # from 1
    restarts: list[Restart]  # in order
    facts: dict[str, str]  # in words: steps, precision, replicas, ...
    settings: dict[str, str]  # of the model and the training, by key of the spec
    layers: list[Layer]  # of the model

    @property
    def parameters(self) -> int:
        """Of all layers."""
        return sum(layer.parameters or 0 for layer in self.layers)

    @property
    def restarted_at(self) -> list[tuple[int, list[Restart]]]:
        """Restarts by the step from which each went on, with the place of the first, from 1."""
        known = [each for each in enumerate(self.restarts, 1) if each[1].step is not None]
        steps = itertools.groupby(known, key=lambda each: each[1].step)
        together = [list(each) for _, each in steps]
        return [(each[0][0], [restart for _, restart in each]) for each in together[:_MARKS]]

    @property
    def metrics(self) -> list[str]:
        """Metrics of each epoch that are watched beside being trained on."""
        last = self.epochs[-1] if self.epochs else {}
        return [name for name in last if f"val_{name}" in last]


def of_run(outputs: Outputs) -> Training | Absent:
    """The training of a run."""
    found = outputs(Output.TRAINING)
    if isinstance(found, Absent):
        return found
    try:
        history = json.loads((found / _FILE).read_text(encoding="utf-8"))
        return _training(history)
    except _MALFORMED:
        return Absent(f"{pathlib.Path(found.name, _FILE)} of the Trainer cannot be read")


def _training(history: Mapping[str, Any]) -> Training:
    steps, epochs = list(history["steps"]), list(history["epochs"])
    return Training(
        steps=_thinned(steps),
        epochs=_thinned(epochs),
        best_epoch=int(history["best_epoch"]),
        restarts=[Restart.of(each) for each in history.get("restarts", ())],
        facts=_facts(history),
        layers=[Layer.of(each) for each in history.get("layers", ())],
        settings=dict(
            [*_leaves("model", history.get("model")), *_leaves("training", history["training"])]
        ),
    )


def _facts(history: Mapping[str, Any]) -> dict[str, str]:
    rows = history.get("examples") or {}
    training, parity = history["training"], history.get("parity") or {}
    warm = history.get("warm_start")
    found = {
        "steps": f"{history['steps_taken']:,}",
        "epochs": f"{len(history['epochs'])}, the best is {history['best_epoch']}",
        "rows": ", ".join(f"{count:,} {name}" for name, count in rows.items()),
        "precision": _words(history.get("precision")),
        "strategy": f"{_words(training.get('strategy'))}, replicas: {history.get('replicas', 1)}",
        "seconds": f"{history['seconds']:.1f}" if "seconds" in history else "",
        "warm start": _words(warm) if warm else "weights started anew",
        "exported against trained": _words(parity),
        "versions": _words(history.get("versions")),
    }
    return {name: text for name, text in found.items() if text}


def _words(value: Any) -> str:
    """`python 3.11.7, keras 3.15.1` of a table."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_words(each)}" for name, each in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return "none" if value is None else str(value)


def _leaves(path: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, each in value.items() for pair in _leaves(f"{path}.{key}", each)]
    return [(path, _words(value))]


def _thinned(records: list[Record]) -> list[Record]:
    """As many as a curve needs, the last among them."""
    every = -(-len(records) // _CURVES)
    return records if every <= 1 else [*records[:-1][::every], records[-1]]
