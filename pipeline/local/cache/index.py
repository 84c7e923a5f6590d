"""The cache: by node and key, the record of what came out."""

import pathlib
import re

from pipeline.local import record as record_of
from pipeline.local.cache import contents
from pipeline.local.record import Output, Record

FOLDER = "cache"  # in the folder of the runs
_NODE = re.compile(r"\w[\w.-]*")
_KEY = re.compile(r"[0-9a-f]{64}")


def find(runs: pathlib.Path, node: str, key: str) -> Record | None:
    """What came out of a node under a key, if it ever ran."""
    return _read(_path(runs, node, key))


def latest(runs: pathlib.Path, node: str) -> Record | None:
    """What came out of a node when it last ran, by ML Metadata's count and not by any clock."""
    _check(node, _NODE)
    found = (_read(path) for path in (runs / FOLDER / node).glob("*.json"))
    return max((each for each in found if each), key=lambda each: each.execution, default=None)


def keep(runs: pathlib.Path, record: Record) -> None:
    """Lets later runs find a record."""
    record_of.write(record, _path(runs, record.node, record.key))


def forget(runs: pathlib.Path, record: Record) -> None:
    """Lets nobody find a record any more."""
    _path(runs, record.node, record.key).unlink(missing_ok=True)


def damaged(record: Record) -> list[str]:
    """A sentence for each output that is gone, or is not what it was; empty if all are whole."""
    found = (_damage(output) for outputs in record.outputs.values() for output in outputs)
    return [sentence for sentence in found if sentence]


def _damage(output: Output) -> str | None:
    path = pathlib.Path(output.uri)
    name = pathlib.PurePath(*path.parts[-4:])  # artifacts/<node>/<output>/<execution>
    try:
        now = contents.digest(path)
    except FileNotFoundError:
        return f"{name} is gone"
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    return None if now == output.contents else f"{name} is not what was written"


def _read(path: pathlib.Path) -> Record | None:
    """The record in a file, unless it is damaged, or another's, or of outputs that lie elsewhere.

    A folder of runs that was copied has records of the outputs in the folder that it is a copy of.
    """
    record = record_of.read(path)
    if record is None or (record.node, record.key) != (path.parent.name, path.stem):
        return None
    runs = path.parents[2].resolve()
    places = (output.uri for outputs in record.outputs.values() for output in outputs)
    is_here = all(pathlib.Path(place).resolve().is_relative_to(runs) for place in places)
    return record if is_here else None


def _path(runs: pathlib.Path, node: str, key: str) -> pathlib.Path:
    """Where a record lies; names that could lead elsewhere are refused."""
    _check(node, _NODE)
    _check(key, _KEY)
    return runs / FOLDER / node / f"{key}.json"


def _check(name: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(name):
        raise ValueError(f"got {name!r}, which can be no name in the cache")
