"""A run in a log or a pipe: a line when a node ends, and a sign of life from a long one."""

from rich.console import Console

from pipeline.console import say
from pipeline.local.display import wording
from pipeline.local.display.protocol import Silent
from pipeline.local.result import Node

_SHORTEST, _LONGEST = 30.0, 300.0  # seconds between two lines of a node that runs


class Lines(Silent):
    """A line when a node ends or starts again, and while it runs at growing intervals."""

    def __init__(self, console: Console, with_memory: bool = False) -> None:
        self._console = console
        self._with_memory = with_memory
        self._ended: set[str] = set()
        self._told: dict[str, float] = {}  # seconds that a node had run when a line told of it
        self._reasons: dict[str, int] = {}  # why it runs, and runs again, as far as it was told

    def show(self, nodes: list[Node]) -> None:
        """Prints what has ended since the last call, and what has been running for long."""
        width = max((len(node.name) for node in nodes), default=0)
        for node in nodes:
            if node.state == "running" and self._is_again(node):
                self._ended.discard(node.name)
                self._print(node, "again", width)
            elif node.state == "running" and self._is_due(node):
                self._print(node, "so far", width)
            elif node.state in ("done", "failed") and node.name not in self._ended:
                self._ended.add(node.name)
                self._print(node, "cached" if node.cached else node.state, width)

    def _is_again(self, node: Node) -> bool:
        known = self._reasons.get(node.name, len(node.why))
        self._reasons[node.name] = len(node.why)
        return len(node.why) > known

    def _is_due(self, node: Node) -> bool:
        told = self._told.get(node.name, 0.0)
        if told > node.seconds:  # that was of an earlier try
            told = 0.0
        if node.seconds - told < min(max(told, _SHORTEST), _LONGEST):
            return False
        self._told[node.name] = node.seconds
        return True

    def _print(self, node: Node, state: str, width: int) -> None:
        mb = node.peak_mb if node.memory_mb is None else node.memory_mb
        used = f"  {wording.memory(mb):>8}" if self._with_memory else ""
        line = f"{node.name:{width}}  {state:6} {node.seconds:6.1f} s{used}  {node.summary}"
        say(self._console, wording.one_line(line).rstrip())
