"""Files that are written whole or not at all."""

import contextlib
import os
import pathlib
import uuid

WRITING = ".writing-"  # beginning of the name of a file that is not whole yet


def write(path: pathlib.Path, content: bytes) -> None:
    """Writes a file, so that who reads it finds what was there before, or all of this.

    It outlives a power cut; folders on the way are made.

    Raises:
        OSError: if it cannot be written; nothing is left of it then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{WRITING}{uuid.uuid4().hex}")
    try:
        with beside.open("xb") as file:  # unlike tempfile's, readable by whom the umask lets
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
