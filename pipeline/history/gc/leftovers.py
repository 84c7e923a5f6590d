"""What lies in a folder of runs and is needed by none of those that stay."""

import pathlib
import time
from collections.abc import Iterator, Set
from typing import Literal

import pydantic

from components.pusher.folder import Folder
from pipeline.history.folder import OF_A_RUN, SERVING, ids, time_of
from pipeline.history.gc.keeping import Kept
from pipeline.history.gc.metadata import Metadata
from pipeline.history.sizes import ARTIFACTS, Place, changed, measured, place
from pipeline.lineage import DATABASE
from pipeline.local import record
from pipeline.local.cache import index
from pipeline.local.whole import WRITING

# unknown: not ours, so it stays.
Kind = Literal[
    "run", "artifact", "half-written", "cache", "checkpoint", "scratch", "removed", "unknown"
]
Found = Iterator[tuple[Kind, pathlib.Path]]
CHECKPOINTS = "checkpoints"
REMOVING = ".removing-"  # folders under way
_SYSTEM = ".system"  # of TFX, by node
_BY_EXECUTION = "executor_execution"
_SCRATCH = (_BY_EXECUTION, "driver_execution", "stateful_working_dir")  # in `.system`
_OF_THE_FOLDER = {
    ".lock",
    ARTIFACTS,
    CHECKPOINTS,
    SERVING,
    index.FOLDER,
    *(DATABASE + suffix for suffix in ("", "-journal", "-wal", "-shm")),
}
_YOUNG_SECONDS = 60  # since a new run made its folder, and may not have written to it yet


class Leftover(pydantic.BaseModel):
    """A file or folder."""

    kind: Kind
    path: pathlib.Path
    bytes: int


def leftovers(runs: pathlib.Path, kept: Kept, metadata: Metadata) -> list[Leftover]:
    """What no kept run needs, and what is not known; the caller holds the lock.

    Args:
        runs: the folder.
        kept: all that stays.
        metadata: tells outputs that were once whole from half-written ones.
    """
    whole = {place(metadata.uris[one]) for one in metadata.live}
    found = [
        *_of_folder(runs, kept),
        *_of_cache(runs / index.FOLDER, kept),
        *_of_artifacts(runs / ARTIFACTS, kept, whole),
        *_of_checkpoints(runs / CHECKPOINTS, kept.checkpoints_since),
        *(("scratch", each) for each in _of_pushes(runs / SERVING)),
    ]
    return [Leftover(kind=kind, path=path, bytes=measured(path)) for kind, path in found]


def _of_folder(runs: pathlib.Path, kept: Kept) -> Found:
    known = set(ids(runs))
    for entry in _entries(runs):
        if entry.name in known and entry.name not in kept.runs:
            yield "run", entry
            yield from (
                ("unknown", inner) for inner in _entries(entry) if inner.name not in OF_A_RUN
            )
        elif entry.name.startswith(REMOVING) and _is_folder(entry):
            yield "removed", entry
        elif time_of(entry.name) and _is_folder(entry) and not any(entry.iterdir()):
            if time.time() - entry.stat().st_mtime > _YOUNG_SECONDS:
                yield "run", entry
        elif entry.name not in _OF_THE_FOLDER | known or entry.is_symlink():
            yield "unknown", entry


def _of_cache(cache: pathlib.Path, kept: Kept) -> Found:
    """What the cache would serve from outputs that go, and what was never whole."""
    for node in _entries(cache):
        if node.name.startswith(WRITING):
            yield "cache", node
        yield from (("cache", each) for each in _entries(node, WRITING))
        for path in sorted(node.glob("*.json")) if _is_folder(node) else ():
            made = record.read(path)
            outputs = [one.id for found in made.outputs.values() for one in found] if made else []
            if (
                made is None
                or made.execution not in kept.executions
                or not kept.artifacts.issuperset(outputs)
            ):
                yield "cache", path


def _of_artifacts(artifacts: pathlib.Path, kept: Kept, whole: Set[Place | None]) -> Found:
    for node in _entries(artifacts):
        if not _is_folder(node):
            yield "unknown", node
        for output in _entries(node):
            if output.name == _SYSTEM:
                yield from (("scratch", each) for each in _scratch(output, kept))
            elif _is_folder(output):
                yield from _of_output(output, kept, whole)
            else:
                yield "unknown", output


def _of_output(output: pathlib.Path, kept: Kept, whole: Set[Place | None]) -> Found:
    for entry in _entries(output):
        where = (output.parent.name, output.name, entry.name)
        if not entry.name.isdecimal():
            yield "unknown", entry
        elif where not in kept.places:
            yield "artifact" if where in whole else "half-written", entry


def _scratch(system: pathlib.Path, kept: Kept) -> Iterator[pathlib.Path]:
    """What TFX needs while a node runs, and none does: we hold the lock."""
    staying = {str(execution) for execution in kept.executions}
    for entry in (each for name in _SCRATCH for each in _entries(system / name)):
        is_empty = _is_folder(entry) and not _entries(entry)
        if not (is_empty and entry.parent.name == _BY_EXECUTION and entry.name in staying):
            yield entry


def _of_checkpoints(checkpoints: pathlib.Path, since: float | None) -> Found:
    """Checkpoints that none of the trainings cut short has written."""
    for entry in _entries(checkpoints):
        if since is None or changed(entry) < since:
            yield "checkpoint", entry


def _of_pushes(serving: pathlib.Path) -> list[pathlib.Path]:
    """What pushes left that were killed; a rollback that goes on needs no lock of ours."""
    return Folder(serving).leftovers() if _is_folder(serving) else []


def _entries(folder: pathlib.Path, prefix: str = "") -> list[pathlib.Path]:
    """What lies in a folder, in order; nothing in what is no folder, or a link to one."""
    if not _is_folder(folder):
        return []
    return sorted(entry for entry in folder.iterdir() if entry.name.startswith(prefix))


def _is_folder(path: pathlib.Path) -> bool:
    return path.is_dir() and not path.is_symlink()
