"""What lies in files and folders, as one digest: equal for equal contents, wherever they lie."""

import hashlib
import json
import os
import pathlib
import stat
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Properties of an artifact that TFX 1.21 sets anew in each run, or that say where it came from:
# what reads it learns nothing from them.
_OF_THE_RUN = {
    "input_fingerprint",  # of ExampleGen: sizes and times of the files, not what is in them
    "is_external",
    "name",
    "pipeline_name",
    "producer_component",
    "pushed_destination",
    "pushed_version",
    "run_id",
    "state",
    "tfx_version",
}

State = dict[str, tuple[int, ...] | None]


def digest(path: pathlib.Path) -> str:
    """SHA-256 of a file, or of a folder: the names, kinds and bytes of all that is in it.

    Symbolic links count by what they say, and are not followed. Memory does not grow with the
    files.

    Raises:
        FileNotFoundError: if there is nothing.
    """
    return _digest((os.fsencode(name), each) for name, each in _within(path))


def digest_files(paths: Sequence[pathlib.Path], folder: pathlib.Path) -> str:
    """SHA-256 of files by their names as seen from a folder, and their bytes.

    Raises:
        FileNotFoundError: if one is gone.
    """
    named = sorted((os.path.relpath(path, folder), path) for path in paths)
    return _digest((os.fsencode(name), path) for name, path in named)


def of_artifact(uri: str, properties: Mapping[str, Any]) -> dict[str, str]:
    """The digests of an artifact, as `pipeline.local.record.Output` has them.

    Returns:
        `contents`, of what lies at its URI; `digest`, of that and of the properties that what reads
        it can see.
    """
    contents = digest(pathlib.Path(uri))
    seen = {key: value for key, value in properties.items() if key not in _OF_THE_RUN}
    text = json.dumps([contents, seen], sort_keys=True)
    return {"contents": contents, "digest": hashlib.sha256(text.encode()).hexdigest()}


def state(paths: Sequence[pathlib.Path]) -> State:
    """By path, what changes whenever a file does: for telling that it did meanwhile."""
    found: State = {}
    for path in paths:
        try:
            now = path.stat()
        except OSError:
            found[str(path)] = None
        else:
            # No program can set the time of the last change of an inode.
            found[str(path)] = (now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
    return found


def _within(path: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """The path itself and all below it, by name as seen from it, in the order of the names."""
    found = [("", path)]
    if path.is_dir() and not path.is_symlink():
        for folder, folders, files in os.walk(path):
            here = pathlib.Path(folder)
            found += [(os.path.relpath(here / name, path), here / name) for name in folders + files]
    yield from sorted(found)


def _digest(named: Iterator[tuple[bytes, pathlib.Path]]) -> str:
    """Of names and what lies there: each part with its length before it, so that none can pose as
    part of another.
    """
    whole = hashlib.sha256()
    for name, path in named:
        kind, content = _kind(path)
        for part in (name, kind, content):
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def _kind(path: pathlib.Path) -> tuple[bytes, bytes]:
    """What kind of entry it is, and the digest of a file or the target of a link."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return b"link", os.fsencode(path.readlink())
    if stat.S_ISDIR(mode):
        return b"folder", b""
    if not stat.S_ISREG(mode):
        return b"other", b""  # a pipe or a device would be read for ever
    with path.open("rb", buffering=0) as file:
        return b"file", hashlib.file_digest(file, "sha256").digest()
