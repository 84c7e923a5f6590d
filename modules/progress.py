"""How far a long step is, for whoever watches: a logger, so that no step knows who that is.

The local runner shows the latest message beside the node; in a pod it is a line of its log. A
message may have a `fraction`, from 0 to 1, among its extra attributes.
"""

import contextlib
import logging
import time
from collections.abc import Iterator

LOGGER = logging.getLogger("headrace.progress")
SECONDS = 0.5  # between two messages


@contextlib.contextmanager
def heard() -> Iterator[list[str]]:
    """The messages while the context lasts, as they come."""
    messages: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    level = LOGGER.level
    LOGGER.addHandler(listener)
    LOGGER.setLevel(logging.INFO)
    try:
        yield messages
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeHandler(listener)


class Rows:
    """Tells how many rows a step has gone through, now and then."""

    def __init__(self, done: str) -> None:
        """Takes what is done with rows, in the past: `read`."""
        self._what, self._rows = done, 0
        self._told = time.monotonic()

    def add(self, rows: int) -> None:
        """Counts some more."""
        self._rows += rows
        now = time.monotonic()
        if now - self._told >= SECONDS:
            self._told = now
            LOGGER.info(f"{self._rows:,} rows {self._what}")
