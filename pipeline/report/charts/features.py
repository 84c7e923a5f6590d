"""How the values of each column are distributed, split by split."""

from typing import Any

from pipeline.report.charts.vega import Chart, Spec, Values, by_split, name, number
from pipeline.report.facts.column import shortened
from pipeline.report.facts.data import Feature
from pipeline.report.facts.distributions import ranges

_RANGES = 24  # of a column of numbers
_BAR = 11  # pixels of a value in a split, with the room around it
_SHOWN = 10  # values of a column of text
# What was learned from, beside what the model is judged by.
_ENDS = [{"filter": "datum.split != 'valid'"}]
_SMALL = {"width": 132, "height": 30}


def templates(splits: list[str]) -> dict[str, Spec]:
    """The specifications that all columns share, by name."""
    return {
        "numbers": _numbers(splits, small=False),
        "numbers-small": _numbers(splits, small=True),
        "texts": _texts(splits),
        "texts-small": _texts_small(splits),
    }


def charts(at: int, feature: Feature) -> list[Chart]:
    """A small and a large chart of a column; none of one without values."""
    kind, values = "numbers", _of_numbers(feature)
    if not values:
        kind, values = "texts", _of_texts(feature)
    if not values:
        return []
    what = "ranges of its numbers" if kind == "numbers" else "its most frequent values"
    title = f"{feature.name}: shares of {what}, by split"
    height = _BAR * len(values) if kind == "texts" else None
    return [
        Chart(f"column-{at}", title, f"{kind}-small", values),
        Chart(f"column-{at}-large", title, kind, f"column-{at}", height),
    ]


def _of_numbers(feature: Feature) -> Values:
    """Points of a line in steps: where a range begins, and its share."""
    shares = {split: each.shares for split, each in feature.splits.items() if each.shares}
    if not shares:
        return []
    edges = ranges(list(shares.values()), _RANGES)
    values: Values = []
    for split, each in shares.items():
        found = [round(float(share), 5) for share in each.between(edges)]
        values += [
            {"split": split, "at": float(f"{edge:.6g}"), "share": share}
            for edge, share in zip(edges, [*found, found[-1]], strict=True)
        ]
    return values


def _of_texts(feature: Feature) -> Values:
    first = next((each.texts for each in feature.splits.values() if each.texts), {})
    named = list(first)[:_SHOWN]
    return [
        {"value": shortened(value), "split": split, "share": round(each.texts.get(value, 0.0), 5)}
        for value in named
        for split, each in feature.splits.items()
        if each.distinct is not None
    ]


def _numbers(splits: list[str], small: bool) -> Spec:
    hidden: dict[str, Any] = {"axis": None} if small else {}
    size: Spec = _SMALL if small else {"width": "container", "height": 180}
    share = {} if small else {"axis": {"format": "%"}}
    return {
        **size,
        **({"transform": _ENDS} if small else {}),
        "mark": {
            "type": "area",
            "interpolate": "step-after",
            "line": {"strokeWidth": 1.25},
            "fillOpacity": 0.14,
        },
        "encoding": {
            "x": number("at", scale={"zero": False, "nice": False}, **hidden),
            "y": number("share", None if small else "share of rows", stack=None, **hidden, **share),
            "color": by_split(splits, legend=not small),
        },
    }


def _texts(splits: list[str]) -> Spec:
    return {
        "width": "container",
        "mark": {"type": "bar", "cornerRadiusEnd": 1},
        "encoding": {
            "y": name("value", scale={"paddingInner": 0.35}),
            "yOffset": {"field": "split", "sort": splits},
            "x": number("share", "share of rows", axis={"format": "%"}),
            "color": by_split(splits),
        },
    }


def _texts_small(splits: list[str]) -> Spec:
    return {
        **_SMALL,
        "transform": _ENDS,
        "mark": "bar",
        "encoding": {
            "x": name("value", axis=None, scale={"paddingInner": 0.3}),
            "xOffset": {"field": "split", "sort": splits},
            "y": number("share", axis=None),
            "color": by_split(splits, legend=False),
        },
    }
