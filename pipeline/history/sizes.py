"""Where outputs lie in a folder of runs, and how much room they take."""

import os
import pathlib
import stat
from collections.abc import Iterator

ARTIFACTS = "artifacts"  # folder within that of the runs: <node>/<output>/<execution>
Place = tuple[str, str, str]  # node, output, execution


def place(uri: str) -> Place | None:
    """Where an artifact lies among those of the runs, wherever these have been moved to.

    Returns:
        Node, output and execution; None for a URI that is not of a folder of runs.
    """
    parts = pathlib.PurePosixPath(uri).parts
    for at in range(len(parts) - 4, -1, -1):
        node, output, execution = parts[at + 1 : at + 4]
        if parts[at] == ARTIFACTS and execution.isdecimal() and ".." not in (node, output):
            return node, output, execution
    return None


def artifact(runs: pathlib.Path, uri: str) -> pathlib.Path | None:
    """The folder or file of an artifact; None if it is gone, or not in this folder of runs."""
    found = place(uri)
    if found is None:
        return None
    folder = runs.joinpath(ARTIFACTS, *found)
    inside = folder.resolve().is_relative_to(runs.resolve())
    return folder if inside and folder.exists() else None


def measured(path: pathlib.Path) -> int:
    """Bytes of a file, or of all files in a folder; a link counts for itself."""
    return sum(status.st_size for status in _files(path))


def changed(path: pathlib.Path) -> float:
    """When a file, or the last one in a folder, was written, in seconds since 1970; 0 if never."""
    return max((status.st_mtime for status in _files(path)), default=0.0)


def _files(path: pathlib.Path) -> Iterator[os.stat_result]:
    """The status of each file, however deep; what is removed meanwhile is left out."""
    left = [path]
    while left:
        one = left.pop()
        try:
            status = one.lstat()
            if stat.S_ISDIR(status.st_mode):
                left += one.iterdir()
                continue
        except OSError:
            continue
        yield status
