"""What differs between two runs: their specs, code, libraries and metrics."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic

from pipeline.history.past import Past
from pipeline.local.record import Record


class Change(pydantic.BaseModel):
    """A value that differs; None: one of the runs has none."""

    name: str  # a key path, a distribution, a metric
    old: str | None
    new: str | None


class CodeChange(pydantic.BaseModel):
    """A module or a file that differs."""

    name: str
    change: str  # changed, added or removed
    nodes: list[str]  # that run it


class MetricChange(pydantic.BaseModel):
    """A metric that differs."""

    name: str
    old: float | None
    new: float | None

    @property
    def change(self) -> float | None:
        """New less old, where there are both."""
        return None if self.old is None or self.new is None else self.new - self.old


def of_spec(old: Past, new: Past) -> list[Change]:
    """Keys of the spec that differ, by path, in the order in which a spec has them."""
    return _changes(dict(_leaves(old.spec)), dict(_leaves(new.spec)))


def of_code(old: Past, new: Past) -> list[CodeChange]:
    """Modules and files of the user's that differ, each with the nodes that run it."""
    before, after = _by_node(old.records, new.records), _by_node(new.records, old.records)
    found = []
    for name in sorted({*before, *after}):
        was, now = before.get(name, {}), after.get(name, {})
        nodes = [node for node in {**was, **now} if was.get(node) != now.get(node)]
        change = "changed" if was and now else "added" if now else "removed"
        if nodes:
            found.append(CodeChange(name=name, change=change, nodes=nodes))
    return found


def of_libraries(old: Past, new: Past) -> list[Change]:
    """Distributions whose versions differ, and Python, of nodes that ended well in both runs."""
    before = _libraries(old.records, new.records)
    return _changes(before, _libraries(new.records, old.records))


def of_metrics(old: Past, new: Past) -> list[MetricChange]:
    """Metrics that differ."""
    before = old.result.metrics if old.result else {}
    after = new.result.metrics if new.result else {}
    return [
        MetricChange(name=name, old=before.get(name), new=after.get(name))
        for name in dict.fromkeys([*before, *after])
        if not _equal(before.get(name), after.get(name))
    ]


def _equal(old: float | None, new: float | None) -> bool:
    return old == new or (
        old is not None and new is not None and math.isnan(old) and math.isnan(new)
    )


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    return [
        Change(name=name, old=before.get(name), new=after.get(name))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def _leaves(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every value of a spec with its key path; a list of plain values is one value."""
    left: list[tuple[str, Any]] = [("", spec)]
    while left:
        path, value = left.pop()
        inner: list[tuple[str, Any]] = []
        if isinstance(value, dict):
            inner = [(f"{path}.{key}" if path else key, each) for key, each in value.items()]
        elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
            inner = [(f"{path}[{index}]", each) for index, each in enumerate(value)]
        if inner:
            left += reversed(inner)
        else:
            yield path, value if isinstance(value, str) else json.dumps(value)


def _by_node(
    records: Mapping[str, Record], others: Mapping[str, Record]
) -> dict[str, dict[str, str]]:
    """By module or file, its digest for each node that ended well in both runs."""
    found: dict[str, dict[str, str]] = {}
    for node, made in records.items():
        for name, digest in made.parts.code.items() if node in others else ():
            found.setdefault(name, {})[node] = digest
    return found


def _libraries(records: Mapping[str, Record], others: Mapping[str, Record]) -> dict[str, str]:
    shared = (made for node, made in records.items() if node in others)
    return dict(sorted(pair for made in shared for pair in made.parts.libraries.items()))
