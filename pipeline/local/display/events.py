"""A run as programs watch it: a JSON object a line."""

import datetime
import json
import pathlib
from typing import Any

import pydantic_core

from pipeline.local.display.protocol import Silent
from pipeline.local.result import Event, Result


class Events(Silent):
    """Prints each event as it comes: `time`, `run`, `event`, and what the event tells."""

    def __init__(self) -> None:
        self._run: str | None = None

    def begin(self, folder: pathlib.Path) -> None:
        """Notes which run it is."""
        self._run = folder.name

    def hear(self, event: Event) -> None:
        """Prints the event."""
        _print({"run": self._run, **event.model_dump()})

    def end(self, result: Result) -> None:
        """Prints the last line: the result, as the event `ended`."""
        _print({"event": "ended", **result.model_dump()})


def _print(fields: dict[str, Any]) -> None:
    time = datetime.datetime.now().astimezone().isoformat(timespec="milliseconds")
    # JSON knows no NaN; a terminal or pipe may know ASCII only.
    plain = pydantic_core.to_jsonable_python(fields, inf_nan_mode="null")
    print(json.dumps({"time": time, **plain}), flush=True)
