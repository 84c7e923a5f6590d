"""What lies in files and folders, as one digest: equal for equal contents, wherever they lie."""

import hashlib
import json
import os
import pathlib
import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modules.errors import DataError

# Properties of an artifact that TFX 1.21 sets anew in each run, or that say where it came from:
# what reads it learns nothing from them.
_OF_THE_RUN = {
    "baseline_model",  # its URI; of a blessing, as the other three
    "baseline_model_id",
    "current_model",
    "current_model_id",
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
        OSError: if there is nothing, or it cannot be read.
    """
    root = os.fsencode(path)
    found = [(b"", root)]
    for name, place in found:  # which grows meanwhile
        if stat.S_ISDIR(os.lstat(place).st_mode):
            with os.scandir(place) as entries:
                found += [(name + b"/" + entry.name, entry.path) for entry in entries]
    return _digest((name, *_content(place, os.lstat(place))) for name, place in sorted(found))


def digest_files(paths: Sequence[pathlib.Path], folder: pathlib.Path) -> str:
    """SHA-256 of files by their names as seen from a folder, and their bytes.

    Symbolic links are followed, as they are by what reads the files.

    Raises:
        DataError: if one is gone, or cannot be read.
    """
    return _digest(
        (os.fsencode(name), *_read(path))
        for name, path in sorted((os.path.relpath(path, folder), path) for path in paths)
    )


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


def state(paths: Iterable[pathlib.Path]) -> State:
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


def _digest(entries: Iterable[tuple[bytes, bytes, bytes]]) -> str:
    """Of names, kinds and contents, each with its length before it, so that none can pose as part
    of another.
    """
    whole = hashlib.sha256()
    for entry in entries:
        for part in entry:
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def _read(path: pathlib.Path) -> tuple[bytes, bytes]:
    """The kind and the content of what a path leads to.

    Raises:
        DataError: if it is no file that can be read.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise DataError([f"{path}: is no file. Name files, or a folder of files, in the spec"])
        return _content(os.fsencode(path), found)
    except OSError as error:
        raise DataError(
            [f"{path}: cannot be read: {error.strerror}. Put it back, or name another in the spec"]
        ) from error


def _content(place: bytes, found: os.stat_result) -> tuple[bytes, bytes]:
    """What kind of entry it is, and the digest of a file or the target of a link."""
    if stat.S_ISLNK(found.st_mode):
        return b"link", os.readlink(place)  # noqa: PTH115  a Path takes no bytes
    if stat.S_ISDIR(found.st_mode):
        return b"folder", b""
    if not stat.S_ISREG(found.st_mode):
        return b"other", b""  # a pipe or a device would be read for ever
    with open(place, "rb", buffering=0) as file:  # noqa: PTH123  a Path takes no bytes
        return b"file", hashlib.file_digest(file, "sha256").digest()
