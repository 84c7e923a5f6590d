"""The cache: by node and key, the record of what came out."""

import pathlib
import re

from pipeline.local import record as record_of
from pipeline.local.cache import contents
from pipeline.local.record import Record

FOLDER = "cache"  # in the folder of the runs
_NODE = re.compile(r"\w[\w.-]*")
_KEY = re.compile(r"[0-9a-f]{64}")


def find(runs: pathlib.Path, node: str, key: str) -> Record | None:
    """What came out of a node under a key, if it ever ran."""
    record = record_of.read(_path(runs, node, key))
    return record if record and (record.node, record.key) == (node, key) else None


def latest(runs: pathlib.Path, node: str) -> Record | None:
    """What came out of a node when it last ran, by ML Metadata's count and not by any clock."""
    _check(node, _NODE)
    found = (record_of.read(path) for path in (runs / FOLDER / node).glob("*.json"))
    return max((each for each in found if each), key=lambda each: each.execution, default=None)


def keep(runs: pathlib.Path, record: Record) -> None:
    """Lets later runs find a record."""
    record_of.write(record, _path(runs, record.node, record.key))


def forget(runs: pathlib.Path, record: Record) -> None:
    """Lets nobody find a record any more."""
    _path(runs, record.node, record.key).unlink(missing_ok=True)


def damaged(record: Record) -> list[str]:
    """A sentence for each output that is gone, or is not what it was; empty if all are whole."""
    problems = []
    for outputs in record.outputs.values():
        for output in outputs:
            try:
                now = contents.digest(pathlib.Path(output.uri))
            except OSError as error:
                problems.append(f"{output.uri}: {error.strerror}")
            else:
                if now != output.contents:
                    problems.append(f"{output.uri} is not what was written")
    return problems


def _path(runs: pathlib.Path, node: str, key: str) -> pathlib.Path:
    """Where a record lies; names that could lead elsewhere are refused."""
    _check(node, _NODE)
    _check(key, _KEY)
    return runs / FOLDER / node / f"{key}.json"


def _check(name: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(name):
        raise ValueError(f"got {name!r}, which can be no name in the cache")
