"""Boxes and arrows: where each of them is drawn.

Boxes lie in layers, each behind all that it takes from. An arrow that passes a layer has a place
there as a box has, so that it runs beside the boxes and never under one (the layered drawing of
Sugiyama, Tagawa and Toda, 1981, with one pass over the layers).
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

_APART = 16  # pixels between what lies side by side
_BETWEEN = 30  # pixels from one layer to the next
_EDGE = 1  # pixels around it all, for the boxes' outlines
_MARGIN, _CHARACTER = 24, 6.2  # pixels of a box that hold no text, and that a character takes


@dataclasses.dataclass(frozen=True)
class Box:
    """Something that takes from others."""

    name: str  # no other box has it
    title: str
    below: str  # a second line
    sources: Sequence[str] = ()  # boxes that arrows come from
    beside: str = ""  # of less weight, behind the title
    tip: str = ""  # all of it, however long
    style: str = ""  # its class
    link: str = ""  # where on the page more is told
    last: bool = False  # drawn behind all others, none of which takes from it


@dataclasses.dataclass(frozen=True)
class Size:
    """Of every box, in pixels."""

    wide: int
    high: int

    def fitted(self, text: str) -> str:
        """As much of a line as a box has room for."""
        most = int((self.wide - _MARGIN) / _CHARACTER)
        return text if len(text) <= most else f"{text[: most - 1]}…"


@dataclasses.dataclass(frozen=True)
class Placed:
    """A box and its upper left corner."""

    box: Box
    x: float
    y: float


@dataclasses.dataclass(frozen=True)
class Drawing:
    """Boxes and arrows on a ground of some size."""

    boxes: list[Placed]
    arrows: list[str]  # SVG paths, in the pieces between two layers
    box: Size
    ground: Size


def drawing(boxes: Sequence[Box], size: Size, down: bool) -> Drawing:
    """The boxes from left to right, or from the top down.

    Args:
        boxes: each behind its sources; a source that comes later, or is not there, is left out.
        size: of each.
        down: whether layers follow each other from the top down.
    """
    sources = _known(boxes)
    layers = _layers(boxes, sources)
    breadth = size.wide if down else size.high
    plan = _Plan(size, down, layers, sources, _middles(layers, sources, breadth))
    return Drawing(
        boxes=[Placed(box, *plan.corner(box.name)) for box in boxes],
        arrows=list(plan.arrows()),
        box=size,
        ground=plan.ground(),
    )


def _known(boxes: Sequence[Box]) -> dict[str, list[str]]:
    """By box, the sources that come before it, each once."""
    found: dict[str, list[str]] = {}
    for box in boxes:
        found[box.name] = [each for each in dict.fromkeys(box.sources) if each in found]
    return found


def _layers(boxes: Sequence[Box], sources: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """By box, the longest way from one that takes nothing."""
    found: dict[str, int] = {}
    for box in boxes:
        if not box.last:
            found[box.name] = max((found[each] for each in sources[box.name]), default=-1) + 1
    behind = max(found.values(), default=-1) + 1
    return {box.name: found.get(box.name, behind) for box in boxes}


def _middles(
    layers: Mapping[str, int], sources: Mapping[str, Sequence[str]], breadth: int
) -> list[dict[str, float]]:
    """By layer, where the middles lie of its boxes, and of the arrows that pass, by their source.

    Each lies as near as may be to what leads to it, so that few arrows cross.
    """
    until = dict(layers)  # the last layer of a box, or of an arrow from it
    for name, layer in layers.items():
        for source in sources[name]:
            until[source] = max(until[source], layer - 1)
    placed: list[dict[str, float]] = []
    for layer in range(max(layers.values(), default=-1) + 1):
        before = placed[-1] if placed else {}
        there = [name for name in layers if layers[name] <= layer <= until[name]]
        wished = {
            name: _mean([before[each] for each in _leading(name, layer, layers, sources)])
            for name in there
        }
        side, found = 0.0, {}
        # A box before an arrow that passes, so that a way on is straight and a way round is not.
        for name in sorted(there, key=lambda each: (wished[each], layers[each] < layer)):
            wide = breadth if layers[name] == layer else 0
            found[name] = side + wide / 2
            side += wide + _APART
        placed.append(found)
    return placed


def _leading(
    name: str, layer: int, layers: Mapping[str, int], sources: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    """What in the layer before leads to a box of a layer, or to an arrow that passes it."""
    return sources[name] if layers[name] == layer else [name]


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What lies where, along the layers and across them."""

    size: Size
    down: bool
    layers: Mapping[str, int]
    sources: Mapping[str, Sequence[str]]
    middles: Sequence[Mapping[str, float]]

    @property
    def _long(self) -> int:
        """A box, along the layers."""
        return self.size.high if self.down else self.size.wide

    @property
    def _broad(self) -> int:
        return self.size.wide if self.down else self.size.high

    def _begin(self, layer: int) -> float:
        return _EDGE + layer * (self._long + _BETWEEN)

    def _turned(self, along: float, across: float) -> tuple[float, float]:
        return (across, along) if self.down else (along, across)

    def _point(self, along: float, across: float) -> str:
        x, y = self._turned(along, across)
        return f"{x:g} {y:g}"

    def corner(self, name: str) -> tuple[float, float]:
        """The upper left one of a box."""
        layer = self.layers[name]
        return self._turned(self._begin(layer), _EDGE + self.middles[layer][name] - self._broad / 2)

    def ground(self) -> Size:
        """Room for all of it."""
        far = self._begin(len(self.middles)) - _BETWEEN + _EDGE
        sides = (
            middle + (self._broad / 2 if self.layers[name] == layer else 0)
            for layer, names in enumerate(self.middles)
            for name, middle in names.items()
        )
        wide, high = self._turned(far, max(sides, default=0) + 2 * _EDGE)
        return Size(int(wide), int(high))

    def arrows(self) -> Iterator[str]:
        """The pieces of all arrows, those that several share once."""
        for layer, names in enumerate(self.middles):
            for name in names:
                for source in _leading(name, layer, self.layers, self.sources) if layer else ():
                    yield self._piece(source, name, layer)

    def _piece(self, source: str, name: str, layer: int) -> str:
        """From the end of the layer before to a box, or past the boxes of a layer."""
        end = self._begin(layer)
        begin, half = end - _BETWEEN, end - _BETWEEN / 2
        out = _EDGE + self.middles[layer - 1][source]
        into = _EDGE + self.middles[layer][name]
        path = f"M{self._point(begin, out)} C{self._point(half, out)} {self._point(half, into)} "
        path += self._point(end, into)
        if self.layers[name] < layer:
            return f"{path} L{self._point(end + self._long, into)}"
        barbs = self._point(end - 5, into - 4), self._point(end - 5, into + 4)
        return f"{path} M{barbs[0]} L{self._point(end, into)} L{barbs[1]}"
