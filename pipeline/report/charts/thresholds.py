"""What a threshold on the scores of a binary task gives, for every threshold."""

from pipeline.report.charts.vega import (
    Chart,
    Spec,
    Values,
    colored,
    diagonal,
    layered,
    line,
    number,
)
from pipeline.report.facts.plots import Bucket, Threshold

_RANGES = 20  # of scores
_LABELS = {"negative": "var(--quiet)", "positive": "var(--accent)"}
_CHOSEN = {"name": "threshold", "value": 0.5}  # what the page's slider sets


def rates(each: Threshold) -> dict[str, float | None]:
    """Shares that follow from how many rows are right and wrong; None: of no rows."""
    right, wrong = each.true_positives, each.false_positives
    left, missed = each.true_negatives, each.false_negatives
    total = right + wrong + left + missed

    def share(part: float, whole: float) -> float | None:
        return round(part / whole, 5) if whole else None

    return {
        "precision": share(right, right + wrong),
        "recall": share(right, right + missed),
        "false positive rate": share(wrong, wrong + left),
        "accuracy": share(right + left, total),
        "taken for positive": share(right + wrong, total),
    }


def charts(thresholds: list[Threshold]) -> list[Chart]:
    """The curves of a binary task; each marks the threshold that the reader chooses."""
    values: Values = [{"threshold": each.threshold, **rates(each)} for each in thresholds]
    first = thresholds[0]
    positives = first.true_positives + first.false_negatives
    total = positives + first.false_positives + first.true_negatives
    base: Spec = {
        "data": {"values": [{"base": positives / total if total else 0}]},
        "mark": {"type": "rule", "color": "var(--quiet)", "strokeDash": [3, 3]},
        "encoding": {"y": number("base", "precision")},
    }
    roc = (
        number("false positive rate", "false positive rate"),
        number("recall", "recall (true positive rate)"),
    )
    precise = (
        number("recall", "recall", scale={"domain": [0, 1]}),
        number("precision", "precision", scale={"domain": [0, 1]}),
    )
    return [
        Chart("roc", "ROC: recall by false positive rate", _curve(*roc, diagonal()), values),
        Chart("precision-recall", "Precision by recall", _curve(*precise, base), values),
        Chart("by-threshold", "Precision, recall and more by threshold", _by_threshold(), values),
    ]


def _curve(x: Spec, y: Spec, below: Spec) -> Spec:
    """A curve, with a point at the threshold that is chosen."""
    point: Spec = {
        "transform": [{"filter": "datum.threshold == threshold"}],
        "mark": {"type": "point", "filled": True, "size": 90, "color": "var(--ink)"},
        "encoding": {"x": x, "y": y},
    }
    drawn = line(x, y)
    drawn["transform"] = [{"filter": "isValid(datum.precision) || datum.recall === 0"}]
    drawn["encoding"]["order"] = {"field": "threshold", "type": "quantitative"}
    return layered(drawn, below, point, params=[_CHOSEN], height=260)


def _by_threshold() -> Spec:
    shown = {
        "precision": "var(--accent)",
        "recall": "var(--good)",
        "accuracy": "var(--warn)",
        "taken for positive": "var(--quiet)",
    }
    chosen: Spec = {
        "transform": [{"filter": "datum.threshold == threshold"}],
        "mark": {"type": "rule", "color": "var(--ink)"},
        "encoding": {"x": number("threshold", "threshold")},
    }
    drawn = line(number("threshold", "threshold"), number("share"), colored("rate", shown))
    drawn["transform"] = [
        {"fold": list(shown), "as": ["rate", "share"]},
        {"filter": "isValid(datum.share)"},
    ]
    return layered(drawn, chosen, params=[_CHOSEN], height=260)


def scores(buckets: list[Bucket]) -> Chart:
    """How the scores of each label are spread: the better the model, the further apart."""
    rows = {label: [0.0] * _RANGES for label in _LABELS}
    for each in buckets:
        middle = (each.low + each.high) / 2  # a score of 1 has a range of its own in TFMA
        at = min(int(middle * _RANGES), _RANGES - 1)
        rows["positive"][at] += each.rows * each.observed
        rows["negative"][at] += each.rows * (1 - each.observed)
    values: Values = [
        {"label": label, "score": at / _RANGES, "share": round(count / (sum(counts) or 1), 5)}
        for label, counts in rows.items()
        for at, count in enumerate([*counts, counts[-1]])  # a step has two ends
    ]
    steps = line(number("score", "score"), number("share"), colored("label", _LABELS))
    steps["mark"] |= {"type": "area", "interpolate": "step-after", "line": True, "opacity": 0.3}
    steps["encoding"]["y"] |= {"stack": None, "axis": {"format": "%"}}
    chosen: Spec = {
        "data": {"values": [{"score": 0.5}]},
        "transform": [{"calculate": "threshold", "as": "score"}],
        "mark": {"type": "rule", "color": "var(--ink)"},
        "encoding": {"x": number("score", "score")},
    }
    title = "Scores: how those of the positives and of the negatives are spread"
    return Chart("scores", title, layered(steps, chosen, params=[_CHOSEN], height=260), values)
