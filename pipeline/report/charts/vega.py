"""Vega-Lite specifications as plain values: what the charts of a report are made of.

Colours are variables of the page's style, so that one drawing serves light, dark and paper.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

Spec = dict[str, Any]
Values = list[dict[str, Any]]

_SPLITS = {"train": "var(--quiet)", "valid": "var(--middle)", "eval": "var(--accent)"}
CONFIG: Spec = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": "var(--line)",
        "gridColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "labelLimit": 160,
        "tickCount": 5,
    },
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": "var(--muted)",
        "labelFontSize": 11,
        "symbolSize": 60,
    },
}


@dataclasses.dataclass(frozen=True)
class Chart:
    """A chart, and what it shows, in words for who does not see it."""

    name: str  # within the page
    title: str
    spec: Spec | str  # or the name of one that several share
    values: Values | str  # or the name of a chart that shows the same
    height: int | None = None  # in pixels; None: what the specification says


def number(field: str, title: str | None = None, **more: Any) -> Spec:
    """An axis of numbers."""
    return {"field": field, "type": "quantitative", "title": title, **more}


def name(field: str, **more: Any) -> Spec:
    """An axis of names, in the order of the values."""
    return {"field": field, "type": "nominal", "title": None, "sort": None, **more}


def colored(field: str, colors: dict[str, str], legend: bool = True) -> Spec:
    """A colour a name; those that no value has are not in the legend."""
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": list(colors), "range": list(colors.values())},
        "legend": {} if legend else None,
    }


def by_split(splits: Sequence[str] = tuple(_SPLITS), legend: bool = True) -> Spec:
    """A colour a split."""
    return colored("split", {each: _SPLITS.get(each, "var(--muted)") for each in splits}, legend)


def line(x: Spec, y: Spec, color: Spec | None = None, **mark: Any) -> Spec:
    """A line, or one a colour."""
    drawn = {"type": "line", "strokeWidth": 1.75, "color": "var(--accent)", **mark}
    return {"mark": drawn, "encoding": {"x": x, "y": y, **({"color": color} if color else {})}}


def diagonal() -> Spec:
    """What a coin would give, or what was promised: from 0 to 1."""
    return {
        "data": {"values": [{"d": 0}, {"d": 1}]},
        "mark": {"type": "line", "color": "var(--quiet)", "strokeDash": [3, 3], "strokeWidth": 1},
        "encoding": {
            "x": {"field": "d", "type": "quantitative"},
            "y": {"field": "d", "type": "quantitative"},
        },
    }


def layered(*layers: Spec, height: int = 220, **more: Any) -> Spec:
    """Layers in one frame, as wide as there is room."""
    return {"width": "container", "height": height, "layer": list(layers), **more}
