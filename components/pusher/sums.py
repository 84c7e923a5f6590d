"""What files consist of: the size and the SHA-256 of each, by its name within a folder."""

import errno
import hashlib
import json
import pathlib
import stat
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic

_CHUNK = 2**20


class Sum(pydantic.BaseModel):
    """What a file consists of."""

    model_config = pydantic.ConfigDict(frozen=True)

    size: int  # bytes
    sha256: str


Sums = Mapping[str, Sum]  # by name within the folder, parts divided by `/`


def sums(folder: pathlib.Path, without: str | None = None) -> dict[str, Sum]:
    """The sums of all files in a folder, however deep, in order of their names.

    Args:
        folder: the folder.
        without: the name of a file that does not count.

    Raises:
        OSError: if there is no such folder, or something in it is no file, or cannot be read.
    """
    found = {}
    for path in files(folder):
        name = path.relative_to(folder).as_posix()
        if name != without:
            with path.open("rb") as file:
                found[name] = sum_of(file)
    return found


def files(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Every file in a folder, however deep, in order.

    Raises:
        OSError: for what is neither file nor folder: a link may lead to anything.
    """
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "is no folder", str(folder))
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            yield path
        elif not stat.S_ISDIR(mode):
            raise OSError(errno.EINVAL, "is a link, a pipe or a device, expected a file", str(path))


def sum_of(stream: Any) -> Sum:
    """The sum of all that can be read from a binary stream."""
    size, digest = 0, hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        digest.update(chunk)
    return Sum(size=size, sha256=digest.hexdigest())


def digest(found: Sums) -> str:
    """One SHA-256 for all of them: equal for equal names and bytes."""
    listed = [[name, each.size, each.sha256] for name, each in sorted(found.items())]
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def differences(found: Sums, expected: Sums) -> list[str]:
    """A sentence for each file that is not as expected."""
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [f"{name} does not belong to it" for name in found if name not in expected]
    for name, wanted in expected.items():
        came = found.get(name, wanted)
        if came.size != wanted.size:
            problems.append(f"{name} has {came.size:,} bytes, expected {wanted.size:,}")
        elif came != wanted:
            problems.append(f"{name} has other contents than were pushed")
    return problems
