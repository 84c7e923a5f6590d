"""The versions of a model as folders: which there are, and whether one has changed."""

import os
import pathlib

GRAPH = "saved_model.pb"
_MOST = 2**63 - 1  # TensorFlow Serving's versions are int64


def numbered(folder: pathlib.Path) -> dict[int, pathlib.Path]:
    """The folders of the versions, by number; none if there is no such folder."""
    found: dict[int, pathlib.Path] = {}
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        return found
    for entry in entries:
        is_number = entry.name.isascii() and entry.name.isdecimal() and len(entry.name) < 20
        if is_number and int(entry.name) <= _MOST and entry.is_dir():
            found[int(entry.name)] = entry
    return found


def graph_of(folder: pathlib.Path) -> tuple[int, int, int] | None:
    """What tells the graph of a version from another's; None if there is none."""
    try:
        stat = (folder / GRAPH).stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def contents_of(folder: pathlib.Path) -> frozenset[tuple[str, int, int]]:
    """Name, size and time of every file of a version; whatever is being removed may lack."""
    found = set()
    for parent, _, names in os.walk(folder):
        for name in names:
            path = pathlib.Path(parent, name)
            try:
                stat = path.stat()
            except OSError:
                continue
            found.add((str(path), stat.st_size, stat.st_mtime_ns))
    return frozenset(found)
