"""What nodes print, as they print it, and why they run: for `--verbose`."""

import pathlib
import threading
from collections.abc import Sequence
from typing import Self

from rich.console import Console
from rich.text import Text

from pipeline.local.display.logs import Tail, within
from pipeline.local.display.protocol import Display, Silent
from pipeline.local.display.wording import one_line
from pipeline.local.result import Event, Failed, Finished, Node, Planned, Started

_LOOK_SECONDS = 0.25  # between two looks at the logs


class Verbose(Silent):
    """Prints the lines of the nodes' logs, each with its node before it, beside another display."""

    def __init__(self, inner: Display, console: Console) -> None:
        self._inner = inner
        self._console = console
        self._folder = pathlib.Path()
        self._width = 0  # of the longest name
        self._why: dict[str, list[str]] = {}  # told already, by node
        self._tails: dict[str, Tail] = {}  # by node
        self._lock = threading.Lock()  # of the tails
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._inner.__enter__()
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()
        for node in self._tails:
            self._print_log(node, to_the_end=True)
        self._inner.__exit__(None, None, None)

    def begin(self, folder: pathlib.Path) -> None:
        """Notes where the logs are."""
        self._folder = folder
        self._inner.begin(folder)

    def hear(self, event: Event) -> None:
        """Tells why a node runs, or need not; of one that ends, what is left of its log."""
        match event:
            case Planned():
                self._width = max(map(len, event.nodes), default=0)
            case Started():
                self._print_why(event)
                self._follow(event)
            case Finished():
                self._print_log(event.node, to_the_end=True)
                self._print_why(event)
            case Failed() if event.node:
                self._print_log(event.node, to_the_end=True)
        self._inner.hear(event)

    def show(self, nodes: list[Node]) -> None:
        """Shows the nodes as the other display does."""
        self._inner.show(nodes)

    def _follow(self, event: Started) -> None:
        path = within(self._folder, event.log) if event.log else None
        if path:
            with self._lock:
                self._tails.setdefault(event.node, Tail(path))

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            for node in list(self._tails):
                self._print_log(node)

    def _print_log(self, node: str, to_the_end: bool = False) -> None:
        with self._lock:
            tail = self._tails.get(node)
            if tail:
                self._print(node, tail.lines(to_the_end))

    def _print_why(self, event: Started | Finished) -> None:
        if event.why != self._why.get(event.node):
            self._why[event.node] = event.why
            self._print(event.node, [f"why: {reason}" for reason in event.why])

    def _print(self, node: str, lines: Sequence[str]) -> None:
        text = Text("\n").join(
            Text.assemble((f"{node:{self._width}} | ", "dim"), one_line(line)) for line in lines
        )
        if lines:
            self._console.print(text, soft_wrap=True)
