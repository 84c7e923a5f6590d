"""The pipeline as a graph."""

from collections.abc import Sequence

from pipeline.local.display.wording import duration
from pipeline.report.charts.graph import Box, Drawing, Size, drawing
from pipeline.report.facts.lineage import Place

_BOX = Size(wide=148, high=42)


def drawn(places: Sequence[Place]) -> Drawing:
    """The nodes from left to right, those that did not end well last."""
    return drawing([_box(place) for place in places], _BOX, down=False)


def _box(place: Place) -> Box:
    node = place.node
    seconds = f", {duration(node.seconds)}" if node.seconds and not node.cached else ""
    return Box(
        name=node.name,
        title=_BOX.fitted(node.name),
        below=f"{place.state}{seconds}",
        sources=place.sources,
        style=place.state,
        link=f"#node-{node.name}",
        last=not place.key,
    )
