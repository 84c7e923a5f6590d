"""What a model has to reach to be pushed."""

import math

import numpy as np

from pipeline.init.draft import Draft
from pipeline.metrics import HEADLINE
from pipeline.rules import Rule

_AUC = 0.6  # 0.5 is chance


def rules(draft: Draft) -> list[tuple[Rule, str]]:
    """A bound that knowing nothing does not reach, and one on the change; each with its reason.

    The change is allowed about the standard error of the metric on the rows of eval.
    """
    metric = HEADLINE[draft.label.label.task]
    judged = draft.split.sizes[-1]
    change = f"against the latest blessed model; chance on {judged:,} rows"
    if metric == "rmse":
        deviation = _round_up(float(np.std(draft.labels.row_numbers)))
        noise = _round_up(deviation * max(0.01, 1 / math.sqrt(2 * max(judged, 1))), 2)
        return [
            (
                Rule(metric=metric, max=deviation),
                "the standard deviation of the label: what always answering the mean gives",
            ),
            (Rule(metric=metric, change_max=noise), change),
        ]
    noise = max(0.005, math.ceil(500 / math.sqrt(max(judged, 1))) / 1000)
    floor, why = _AUC, "0.5 is chance"
    if metric == "accuracy":
        floor = math.floor(1000 * draft.labels.counts.max() / draft.rows) / 1000
        why = "what always answering the most frequent class gives"
    return [
        (Rule(metric=metric, min=floor), why),
        (Rule(metric=metric, change_min=-noise), change),
    ]


def _round_up(number: float, digits: int = 3) -> float:
    """The number to so many digits, not below it."""
    step = 10.0 ** (math.floor(math.log10(number)) - digits + 1)
    return float(f"{math.ceil(number / step) * step:.{digits}g}")
