"""How good a model is, drawn."""

import collections
import dataclasses

from pipeline.report.charts import thresholds
from pipeline.report.charts.vega import (
    Chart,
    Spec,
    Values,
    colored,
    diagonal,
    layered,
    name,
    number,
)
from pipeline.report.facts.evaluation import Evaluation, Slice
from pipeline.report.facts.plots import Confused

_SLICES = 25  # that are drawn, the worst first
_CLASSES = 30  # of a confusion matrix, those with the most rows in the wrong place
_COUNTED = 12  # classes up to which cells have their numbers in them
OUTCOMES = {
    "holds": "var(--good)",
    "broken": "var(--bad)",
    "not judged": "var(--quiet)",
    "no rule": "var(--accent)",
}


def charts(evaluation: Evaluation) -> list[Chart]:
    """Everything that there is to draw."""
    found = []
    if evaluation.thresholds:
        found += thresholds.charts(evaluation.thresholds)
    if evaluation.calibration:
        found += [thresholds.scores(evaluation.calibration), _calibration(evaluation)]
    if evaluation.confusion:
        found.append(_confusion(evaluation.confusion))
    if evaluation.coverage:
        found.append(_coverage(evaluation.coverage))
    drawn = _slices(evaluation)
    return [*found, drawn] if drawn else found


def _calibration(evaluation: Evaluation) -> Chart:
    values: Values = [dataclasses.asdict(each) for each in evaluation.calibration]
    points: Spec = {
        "mark": {"type": "point", "filled": True, "color": "var(--accent)", "opacity": 0.85},
        "encoding": {
            "x": number("predicted", "mean predicted score", scale={"domain": [0, 1]}),
            "y": number("observed", "share of positives", scale={"domain": [0, 1]}),
            "size": number("rows", legend=None, scale={"range": [20, 260]}),
        },
    }
    title = "Calibration: share of positives by predicted score; larger points have more rows"
    return Chart("calibration", title, layered(points, diagonal(), height=260), values)


def _confusion(confused: list[Confused]) -> Chart:
    totals: dict[str, float] = collections.defaultdict(float)
    wrong: dict[str, float] = collections.defaultdict(float)
    for each in confused:
        totals[each.actual] += each.rows
        if each.actual != each.predicted:
            wrong[each.actual] += each.rows
            wrong[each.predicted] += each.rows
    named = list(dict.fromkeys([each.actual for each in confused] + list(wrong)))
    kept = sorted(named, key=lambda one: -wrong[one])[:_CLASSES]
    shown = [one for one in named if one in kept]
    rows = {(each.actual, each.predicted): each.rows for each in confused}
    values: Values = [
        {
            "actual": actual,
            "predicted": predicted,
            "rows": rows.get((actual, predicted), 0),
            "share": round(rows.get((actual, predicted), 0) / (totals[actual] or 1), 5),
        }
        for actual in shown
        for predicted in shown
    ]
    angle = 0 if len(shown) <= _COUNTED else -60
    x = name("predicted", title="predicted", axis={"labelAngle": angle, "labelLimit": 90})
    y = name("actual", title="actual")
    cells: Spec = {
        "mark": {"type": "rect", "color": "var(--accent)", "cornerRadius": 2},
        "encoding": {
            "x": x,
            "y": y,
            "fillOpacity": number(
                "share", legend=None, scale={"domain": [0, 1], "range": [0.04, 1]}
            ),
        },
    }
    counts: Spec = {
        "mark": {"type": "text", "fontSize": 12},
        "encoding": {
            "x": x,
            "y": y,
            "text": number("rows", format=",.0f"),
            "color": {
                "condition": {"test": "datum.share > 0.5", "value": "var(--paper)"},
                "value": "var(--ink)",
            },
        },
    }
    layers = [cells, counts] if len(shown) <= _COUNTED else [cells]
    more = (
        f" ({len(shown)} of {len(named)} classes, the most confused)"
        if len(kept) < len(named)
        else ""
    )
    title = f"Confusion: actual class by predicted class{more}; darker is a larger share of its row"
    side = 34 if len(shown) <= _COUNTED else 14
    return Chart("confusion", title, layered(*layers, height=side * len(shown)), values)


def _coverage(coverage: dict[float, float]) -> Chart:
    values: Values = [
        {"quantile": quantile, "covered": share} for quantile, share in coverage.items()
    ]
    points: Spec = {
        "mark": {"type": "point", "filled": True, "size": 70, "color": "var(--accent)"},
        "encoding": {
            "x": number("quantile", "quantile", scale={"domain": [0, 1]}),
            "y": number("covered", "labels at most as large", scale={"domain": [0, 1]}),
        },
    }
    title = "Coverage: share of labels that are at most the predicted quantile"
    return Chart("coverage", title, layered(points, diagonal(), height=260), values)


def outcome_of(one: Slice) -> str:
    """How its rules stand, in words."""
    match one.outcome:
        case None:
            return "no rule"
        case "holds" | "broken":
            return one.outcome
        case _:
            return "not judged"


def slice_name(one: Slice) -> str:
    """`carrier = UA, origin = EWR`."""
    return ", ".join(f"{column} = {value}" for column, value in one.key.items()) or "all rows"


def _slices(evaluation: Evaluation) -> Chart | None:
    headline = evaluation.headline
    values: Values = []
    telling = [each for each in evaluation.slices if each.rules or not each.has_few_rows]
    for each in (telling or evaluation.slices)[:_SLICES]:
        found = each.metrics.get(headline or "")
        if found and found.value is not None:
            low, high = found.interval or (found.value, found.value)
            values.append(
                {
                    "slice": slice_name(each),
                    "value": found.value,
                    "low": low,
                    "high": high,
                    "rows": each.rows or 1,
                    "rules": outcome_of(each),
                }
            )
    if not values or headline is None:
        return None
    x, y = number("value", headline, scale={"zero": False}), name("slice")
    named = {each["rules"] for each in values}
    colors = {outcome: color for outcome, color in OUTCOMES.items() if outcome in named}
    overall = evaluation.overall.metrics.get(headline) if evaluation.overall else None
    whole = [{"all": overall.value}] if overall and overall.value is not None else []
    spec = layered(
        {
            "data": {"values": whole},
            "mark": {"type": "rule", "color": "var(--middle)", "strokeDash": [3, 3]},
            "encoding": {"x": number("all", headline)},
        },
        {
            "mark": {"type": "rule", "color": "var(--quiet)"},
            "encoding": {"x": number("low", headline), "x2": {"field": "high"}, "y": y},
        },
        {
            "mark": {"type": "point", "filled": True, "opacity": 0.9},
            "encoding": {
                "x": x,
                "y": y,
                "color": colored("rules", colors),
                "size": number("rows", legend=None, scale={"range": [24, 140]}),
            },
        },
        height=17 * len(values),
    )
    title = (
        f"{headline} of the worst slices; the dashed line is that of all rows, larger points "
        f"have more rows"
    )
    return Chart("slices", title, spec, values)
