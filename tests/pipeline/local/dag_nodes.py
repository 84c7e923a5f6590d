"""Nodes that do as they are told."""

import os
import pathlib
import signal
import time
from collections.abc import Callable

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts

from modules.errors import DataError
from modules.progress import LOGGER


@component
def First(made: OutputArtifact[standard_artifacts.String], does: Parameter[str]) -> None:
    """A node that waits for no other."""
    behave(does, made.uri)


@component
def Next(
    given: InputArtifact[standard_artifacts.String],
    made: OutputArtifact[standard_artifacts.String],
    does: Parameter[str],
) -> None:
    """A node that reads what another made."""
    pathlib.Path(given.uri).read_text()
    behave(does, made.uri)


def behave(does: str, uri: str) -> None:
    """Writes a text, after whatever the behaviour says."""
    what, _, rest = does.partition(" ")
    text = _BEHAVIOURS[what](rest, uri)
    pathlib.Path(uri).write_text(rest if text is None else text)


def _raise(error: Exception) -> None:
    raise error


def _once(marker: str, uri: str) -> None:
    """Fails, but for the second time."""
    if not pathlib.Path(marker).exists():
        pathlib.Path(uri).write_text("half of")
        pathlib.Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _meet(markers: str, uri: str) -> None:
    """Waits for another node that runs at the same time."""
    mine, other = markers.split()
    pathlib.Path(mine).touch()
    end = time.monotonic() + 60
    while not pathlib.Path(other).exists():
        if time.monotonic() > end:
            raise TimeoutError(other)
        time.sleep(0.02)


def _slowly(text: str, uri: str) -> str:
    """Writes a text in two halves."""
    pathlib.Path(uri).write_text(text)
    time.sleep(0.1)
    return text * 2


_BEHAVIOURS: dict[str, Callable[[str, str], str | None]] = {
    "write": lambda rest, uri: rest,
    "crash": lambda rest, uri: os.kill(os.getpid(), getattr(signal, rest)),
    "exit": lambda rest, uri: os._exit(int(rest)),
    "raise": lambda rest, uri: _raise(RuntimeError(rest)),
    "refuse": lambda rest, uri: _raise(DataError([rest])),
    "once": _once,
    "meet": _meet,
    "slowly": _slowly,
    "sleep": lambda rest, uri: time.sleep(float(rest)),
    "gpu": lambda rest, uri: os.environ.get("CUDA_VISIBLE_DEVICES", "all"),
    "tell": lambda rest, uri: LOGGER.info(rest),
}
