"""Which node may run when: the order of a DAG, and what a failure means for the rest."""

from collections.abc import Iterator, Mapping, Set

from modules.errors import SpecError, did_you_mean


class Schedule:
    """Nodes that wait, run, are done, or can no longer run.

    Nodes whose upstream nodes are all done are ready, in the order in which they were given.
    """

    def __init__(self, upstream: Mapping[str, Set[str]]) -> None:
        """Takes, by node, those that it waits for.

        Raises:
            SpecError: if a node waits for one that is not there, or for itself in the end.
        """
        problems = [
            f"{node}: waits for {other!r}, which is not there{did_you_mean(other, upstream)}"
            for node, others in upstream.items()
            for other in sorted(others - upstream.keys())
        ]
        if problems:
            raise SpecError(problems)
        self._upstream = {node: set(others) for node, others in upstream.items()}
        self._downstream: dict[str, list[str]] = {node: [] for node in upstream}
        for node, others in upstream.items():
            for other in others:
                self._downstream[other].append(node)
        self._left = {node: len(others) for node, others in self._upstream.items()}
        self._waiting = dict.fromkeys(upstream)
        self._ready = [node for node, count in self._left.items() if not count]
        if circle := _circle(self._upstream):
            raise SpecError([f"{' waits for '.join(circle)}: nodes in a circle can never run"])

    @property
    def ready(self) -> list[str]:
        """Nodes that may start now."""
        return list(self._ready)

    def start(self, node: str) -> None:
        """Notes that a node has started, or was served by the cache."""
        self._ready.remove(node)
        del self._waiting[node]

    def done(self, node: str) -> None:
        """Notes that a node has ended well: what waited for it alone is ready."""
        for other in self._downstream[node]:
            self._left[other] -= 1
            if not self._left[other] and other in self._waiting:
                self._ready.append(other)

    def failed(self, node: str) -> list[str]:
        """Notes that a node has failed; the nodes that now can not run, in order."""
        lost = [other for other in after(node, self._downstream) if other in self._waiting]
        for other in lost:
            del self._waiting[other]
        return lost


def after(node: str, downstream: Mapping[str, list[str]]) -> Iterator[str]:
    """What depends on a node, near or far, nearest first."""
    found, front = {node}, [node]
    while front:
        front = list(dict.fromkeys(other for each in front for other in downstream[each]))
        front = [other for other in front if other not in found]
        found.update(front)
        yield from front


def before(node: str, upstream: Mapping[str, Set[str]]) -> set[str]:
    """What a node depends on, near or far."""
    return set(after(node, {each: sorted(others) for each, others in upstream.items()}))


def _circle(upstream: Mapping[str, Set[str]]) -> list[str]:
    """Nodes of which each waits for the next, the first again at the end; empty if none do."""
    left = {node: set(others) for node, others in upstream.items()}
    while free := [node for node, others in left.items() if not others]:
        for node in free:
            del left[node]
        for others in left.values():
            others.difference_update(free)
    if not left:
        return []
    path = [min(left)]
    while path.count(path[-1]) < 2:
        path.append(min(left[path[-1]]))
    return path[path.index(path[-1]) :]
