"""The versions of a model as folders: which there are, and whether one has changed."""

import os
import pathlib

from components.pusher.folder import Folder

GRAPH = "saved_model.pb"


def numbered(folder: pathlib.Path) -> dict[int, pathlib.Path]:
    """The folders of the versions, by number; none if there is no such folder."""
    return {number: folder / str(number) for number in Folder(folder).versions()}


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
