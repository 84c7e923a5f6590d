"""The metrics a spec may name for each task, and what TFMA calls them."""

import dataclasses
import json
from typing import Any

from modules.spec.label import Label

_OURS = "components.evaluator.numbers"  # what TFMA lacks

# name in the spec -> metric class of TFMA, https://www.tensorflow.org/tfx/model_analysis/metrics
METRICS: dict[str, dict[str, str]] = {
    "binary": {
        "auc": "AUC",
        "pr_auc": "AUCPrecisionRecall",
        "accuracy": "BinaryAccuracy",
        "log_loss": "BinaryCrossEntropy",
        "precision": "Precision",
        "recall": "Recall",
        "calibration": "Calibration",
    },
    "multiclass": {
        "accuracy": "SparseCategoricalAccuracy",
        "log_loss": "SparseCategoricalCrossentropy",
    },
    "regression": {
        "rmse": "RootMeanSquaredError",
        "mae": "MeanAbsoluteError",
        "mse": "MeanSquaredError",
        "r2": "R2",
    },
    "quantile": {"pinball": "Pinball"},
}
# Computed when the spec names them, as `name@number`: by what class, and what the number may be.
_THRESHOLD, _QUANTILE = "a threshold above 0 and below 1", "a quantile above 0 and below 1"
AT: dict[str, dict[str, tuple[str, str]]] = {
    "binary": {"precision": ("Precision", _THRESHOLD), "recall": ("Recall", _THRESHOLD)},
    "multiclass": {"accuracy": ("SparseTopKCategoricalAccuracy", "a number of classes, 1 or more")},
    "regression": {"pinball": ("Pinball", _QUANTILE)},
    "quantile": {
        "pinball": ("Pinball", "one of label.quantiles"),
        "coverage": ("Coverage", "one of label.quantiles"),
    },
}
_NAMED = {"regression": {"coverage": "Coverage"}}  # computed when the spec names them
# Curves and tables, of every slice: class of TFMA -> its settings.
PLOTS: dict[str, dict[str, dict[str, Any]]] = {
    "binary": {
        "ConfusionMatrixPlot": {"num_thresholds": 100},
        "CalibrationPlot": {"num_buckets": 20},
    },
    "multiclass": {"MultiClassConfusionMatrixPlot": {}},
}
# The one number by which models of a task are told apart.
HEADLINE = {"binary": "auc", "multiclass": "accuracy", "regression": "rmse", "quantile": "pinball"}


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric as TFMA makes it."""

    class_name: str
    config: dict[str, Any]

    @property
    def module(self) -> str:
        """Where the class is, when it is not TFMA's."""
        return _OURS if self.class_name in ("R2", "Pinball", "Coverage") else ""

    def json(self) -> str:
        """Its settings as TFMA takes them."""
        return json.dumps(self.config)


def metric(label: Label, name: str) -> Metric | None:
    """The metric of that name for a label, or None if there is no such one."""
    plain = METRICS[label.task] | _NAMED.get(label.task, {})
    if name in plain:
        settings: dict[str, Any] = {}
        if label.task == "quantile":
            settings = {"quantiles": label.quantiles, "places": range(len(label.quantiles))}
        return Metric(plain[name], {"name": name, **{k: list(v) for k, v in settings.items()}})
    base, _, text = name.partition("@")
    found = AT[label.task].get(base)
    settings = _settings(label, found[0], text) if found else {}
    return Metric(found[0], {"name": name, **settings}) if found and settings else None


def _settings(label: Label, class_name: str, text: str) -> dict[str, Any]:
    """What the number after the `@` is to the class; nothing if it cannot be that."""
    try:
        number = float(text)
    except ValueError:
        return {}
    if class_name == "SparseTopKCategoricalAccuracy":
        return {"k": int(number)} if number.is_integer() and number >= 1 else {}
    if label.task == "quantile":
        if number not in label.quantiles:
            return {}
        place = label.quantiles.index(number)
        is_cost = class_name == "Pinball"
        return {"quantiles": [number], "places": [place]} if is_cost else {"place": place}
    if not 0 < number < 1:
        return {}
    return {"quantiles": [number]} if class_name == "Pinball" else {"thresholds": number}


def known(task: str) -> list[str]:
    """What a spec may write for a task: names, and `name@number`."""
    return [*METRICS[task], *_NAMED.get(task, {}), *(f"{name}@..." for name in AT[task])]
