"""A model as a graph: its layers, those that are alike as one box."""

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.history.columns import count
from pipeline.report.charts.graph import Box, Drawing, Size, drawing
from pipeline.report.facts.sources import Absent
from pipeline.report.facts.training import Layer

_BOXES = 120  # more of them tell nothing
_SIZE = Size(wide=236, high=42)
_NAMES = 5  # of layers in one box, that are told


def drawn(layers: Iterable[Layer]) -> Drawing | Absent:
    """The layers from the inputs down to the prediction, or why they are not drawn."""
    by_name = {layer.name: layer for layer in layers}
    if any(layer.inputs is None for layer in by_name.values()):
        return Absent(
            "how the layers hang together is known of functional models alone, and of those that "
            "this version or a later one trained"
        )
    groups = _groups(by_name)
    if len(groups) > _BOXES:
        return Absent(f"a drawing would have {len(groups):,} boxes, of {_BOXES} at most")
    of = {layer.name: group for group in groups for layer in group}
    return drawing([_box(group, of) for group in groups], _SIZE, down=True)


def _groups(layers: dict[str, Layer]) -> list[list[Layer]]:
    """Layers that are alike: of a kind, taking from the same kinds, and giving to the same groups.

    Each group comes behind those that it takes from.
    """
    sources = _sources(layers)
    takers = collections.defaultdict[str, set[int]](set)  # by layer, groups that take from it
    found: dict[Any, int] = {}
    groups: list[list[Layer]] = []
    heights: list[int] = []  # of groups: the longest way to one that gives to none
    for name in reversed(layers):
        layer, after = layers[name], frozenset(takers[name])
        alike = (layer.kind, frozenset(layers[each].kind for each in sources[name]), after)
        group = found.setdefault(alike, len(groups))
        if group == len(groups):
            groups.append([])
            heights.append(max((heights[each] for each in after), default=-1) + 1)
        groups[group].append(layer)
        for source in sources[name]:
            takers[source].add(group)
    order = sorted(range(len(groups)), key=lambda each: (-heights[each], -each))
    return [groups[each][::-1] for each in order]


def _sources(layers: Mapping[str, Layer]) -> dict[str, list[str]]:
    """By layer, what it takes from of the layers before it; one that is called twice may loop."""
    found: dict[str, list[str]] = {}
    for name, layer in layers.items():
        found[name] = [each for each in layer.inputs or () if each in found]
    return found


def _box(group: Sequence[Layer], of: Mapping[str, Sequence[Layer]]) -> Box:
    first, several = group[0], len(group) > 1
    title = f"{len(group):,} \N{MULTIPLICATION SIGN} {first.kind}" if several else first.kind
    shapes = list(dict.fromkeys(layer.output for layer in group if layer.output))
    parameters = sum(layer.parameters or 0 for layer in group)
    told = [
        f"{len(shapes):,} shapes" if len(shapes) > 1 else "".join(shapes),
        count(parameters, "parameter") if parameters else "",
    ]
    names = ", ".join(layer.name for layer in group[:_NAMES])
    more = ", …" if len(group) > _NAMES else ""
    below = " · ".join(filter(None, told))
    sources = (of[each][0].name for layer in group for each in layer.inputs or () if each in of)
    return Box(
        name=first.name,
        title=_SIZE.fitted(title),
        beside="" if several else _SIZE.fitted(f"{title} {first.name}")[len(title) + 1 :],
        below=_SIZE.fitted(below),
        sources=list(dict.fromkeys(sources)),
        tip=f"{title}: {names}{more}. {below}",
    )
