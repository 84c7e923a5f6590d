"""What a prediction that is the same for every row would get: the least a model has to beat."""

import collections
import math
from collections.abc import Iterable, Mapping, Sequence

from pipeline.report.facts.plots import Confused, Threshold

Metrics = Mapping[str, float | None]


def of_thresholds(thresholds: Sequence[Threshold]) -> dict[str, float]:
    """Of a binary task, when the share of positives is predicted; by the metrics' names."""
    first = thresholds[0]
    positives = first.true_positives + first.false_negatives
    total = positives + first.false_positives + first.true_negatives
    if not total:
        return {}
    share = positives / total
    return {
        "auc": 0.5,
        "pr_auc": share,
        "accuracy": max(share, 1 - share),
        "log_loss": _entropy([share, 1 - share]),
    }


def of_classes(confused: Iterable[Confused]) -> dict[str, float]:
    """Of several classes, when their shares are predicted."""
    rows = collections.defaultdict[str, float](float)
    for each in confused:
        rows[each.actual] += each.rows
    total = sum(rows.values())
    if not total:
        return {}
    shares = [count / total for count in rows.values()]
    return {"accuracy": max(shares), "log_loss": _entropy(shares)}


def of_numbers(metrics: Metrics) -> dict[str, float]:
    """Of a number, when its mean is predicted: R² is 1 less the share that is left of its error."""
    explained = metrics.get("r2")
    if explained is None or explained >= 1:
        return {}
    left = 1 - explained
    errors = {"mse": left, "rmse": math.sqrt(left)}
    found = {name: metrics.get(name) for name in errors}
    return {"r2": 0.0} | {
        name: value / errors[name] for name, value in found.items() if value is not None
    }


def _entropy(shares: Iterable[float]) -> float:
    """In nats, as the log loss is."""
    return -sum(share * math.log(share) for share in shares if share > 0)
