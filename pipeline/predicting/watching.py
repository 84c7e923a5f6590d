"""How far the scoring is, for whoever waits for it."""

import contextlib
import logging
import time
from collections.abc import Iterator

from rich.console import Console
from rich.status import Status

from modules.progress import LOGGER
from pipeline.console import say

_SECONDS = 30  # between two lines, where no line can change


class _Watching(logging.Handler):
    def __init__(self, console: Console, status: Status | None) -> None:
        super().__init__(logging.INFO)
        self._console, self._status = console, status
        self._told = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        if self._status:
            self._status.update(record.getMessage())
        elif time.monotonic() - self._told >= _SECONDS:
            self._told = time.monotonic()
            say(self._console, record.getMessage(), "dim")


@contextlib.contextmanager
def watched(console: Console, silently: bool) -> Iterator[None]:
    """Shows the progress that steps tell: on one line of a terminal, or now and then on a new one.

    Args:
        console: where.
        silently: nothing is shown.
    """
    if silently:
        yield
        return
    lively = console.is_interactive and console.file.isatty()
    before = LOGGER.level, LOGGER.propagate
    with contextlib.ExitStack() as stack:
        status = stack.enter_context(console.status("starting")) if lively else None
        handler = _Watching(console, status)
        LOGGER.addHandler(handler)
        LOGGER.setLevel(logging.INFO)
        LOGGER.propagate = False
        try:
            yield
        finally:
            LOGGER.removeHandler(handler)
            LOGGER.level, LOGGER.propagate = before
