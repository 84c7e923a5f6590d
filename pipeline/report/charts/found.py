"""What the Evaluator found by a sample of rows, drawn."""

from components.evaluator.found import Importance, Residuals
from pipeline.report.charts.vega import Chart, Spec, Values, layered, name, number
from pipeline.report.facts.column import shortened
from pipeline.report.facts.found import Found

_BARS = 30  # the most important columns
_RANGES = 40  # of residuals
_POINTS = 2_000
_ZERO: Spec = {"type": "rule", "color": "var(--ink)", "strokeWidth": 1}


def charts(found: Found) -> list[Chart]:
    """Everything that there is to draw."""
    drawn = []
    if isinstance(found.importance, Importance):
        drawn += _of_importance(found.importance, found.unit)
    if isinstance(found.residuals, Residuals):
        drawn += _of_residuals(found.residuals, found)
    return drawn


def _of_importance(found: Importance, unit: str | None) -> list[Chart]:
    """A bar for each of the most important columns."""
    values: Values = [
        {
            "column": shortened(each.column),
            "rise": each.rise,
            "low": each.rise - (each.deviation or 0.0),
            "high": each.rise + (each.deviation or 0.0),
        }
        for each in found.columns[:_BARS]
        if each.rise is not None
    ]
    if not values:
        return []
    axis, y = _titled(f"rise of the {found.loss}", unit), name("column")
    bars: Spec = {
        "mark": {"type": "bar", "color": "var(--accent)", "opacity": 0.8, "cornerRadiusEnd": 1},
        "encoding": {"x": number("rise", axis, stack=None), "y": y},
    }
    whiskers: Spec = {
        "mark": {"type": "rule", "color": "var(--ink)"},
        "encoding": {"x": number("low", axis), "x2": {"field": "high"}, "y": y},
    }
    more = len(found.columns) - len(values)
    which = f" ({len(values)} of {len(found.columns)} features, the largest)" if more else ""
    title = (
        f"Rise of the mean {found.loss} when a feature is shuffled{which}; whiskers are one "
        f"standard deviation of {found.repeats} shuffles"
    )
    return [Chart("importance", title, layered(bars, whiskers, height=17 * len(values)), values)]


def _of_residuals(found: Residuals, of: Found) -> list[Chart]:
    """Each row as a point, and how many rows are how far off."""
    values: Values = [
        {"predicted": float(f"{at:.6g}"), "residual": float(f"{off:.6g}")}
        for at, off in zip(found.predictions[:_POINTS], found.residuals, strict=False)
    ]
    if not values:
        return []
    said = "prediction" if found.quantile is None else f"quantile {found.quantile:g}"
    x = number("predicted", _titled(said, of.unit), scale={"zero": False})
    axis = _titled("residual", of.unit)
    y = number("residual", axis)
    points: Spec = {
        "mark": {
            "type": "point",
            "filled": True,
            "size": 14,
            "color": "var(--accent)",
            "opacity": 0.4,
        },
        "encoding": {"x": x, "y": y},
    }
    zero: Spec = {"data": {"values": [{"zero": 0}]}, "mark": _ZERO}
    across: Spec = {**zero, "encoding": {"y": number("zero", axis)}}
    bars: Spec = {
        "transform": [
            {"bin": {"maxbins": _RANGES}, "field": "residual", "as": ["from", "to"]},
            {"aggregate": [{"op": "count", "as": "rows"}], "groupby": ["from", "to"]},
        ],
        "mark": {"type": "bar", "color": "var(--accent)", "opacity": 0.8},
        "encoding": {
            "x": number("from", axis, bin="binned"),
            "x2": {"field": "to"},
            "y": number("rows", "rows"),
        },
    }
    upright: Spec = {**zero, "encoding": {"x": number("zero", axis)}}
    return [
        Chart(
            "residuals",
            f"Residuals by {said}: {of.label} minus {said}, {len(values):,} rows",
            layered(points, across, height=260),
            values,
        ),
        Chart(
            "residual-histogram",
            "How many rows have which residual",
            layered(bars, upright, height=260),
            "residuals",
        ),
    ]


def _titled(text: str, unit: str | None) -> str:
    return f"{text}, {unit}" if unit else text
