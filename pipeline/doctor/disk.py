"""Room on disks, and whether folders can be used as a run uses them."""

import fcntl
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Iterator

from pipeline.console import near
from pipeline.doctor.finding import Finding, ok, problem, warning
from pipeline.history.columns import size

# A first run of the penguins leaves 3 MB, one of the flights 6 MB (`du -sb data/*/runs`).
_LEAST_BYTES, _GOOD_BYTES = 50_000_000, 1_000_000_000
_LEAST_INODES = 1_000  # files; that run of the flights makes 200
_TRIAL = ".headrace-doctor-"  # beginning of the names of folders that are made and removed
_OURS = (".lock", "metadata.sqlite", "artifacts", "cache", "checkpoints")  # in a folder of runs


def room(check: str, folder: pathlib.Path, instead: str) -> Iterator[Finding]:
    """Whether there is room for files.

    Args:
        check: its name.
        folder: where they go; it need not be there yet.
        instead: how another folder is named.
    """
    there = existing(folder)
    free, inodes = _free(there)
    text = f"{size(free)} free at {there}"
    mend = f"Free some (`headrace gc` removes old runs), or name another disk with {instead}"
    if inodes is not None and inodes < _LEAST_INODES:
        yield problem(check, f"no more than {inodes} new files can be made at {there}", mend)
    elif free < _LEAST_BYTES:
        yield problem(check, f"{text}, expected {size(_LEAST_BYTES)} at the least", mend)
    elif free < _GOOD_BYTES:
        yield warning(check, f"{text}, expected {size(_GOOD_BYTES)}", mend)
    else:
        yield ok(check, text)


def free_bytes(folder: pathlib.Path) -> int:
    """Bytes that can be written where a folder is, or is to be."""
    return _free(existing(folder))[0]


def _free(folder: pathlib.Path) -> tuple[int, int | None]:
    """Bytes and files that can still be written; None where the disk does not count files."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize, status.f_favail if status.f_files else None


def existing(folder: pathlib.Path) -> pathlib.Path:
    """The folder, or the nearest one above it that is there, in which it would be made."""
    above = (folder, *folder.parents)
    return next((each for each in above if os.path.lexists(each)), above[-1])


def temporary_files() -> Iterator[Finding]:
    """Whether there is a folder for temporary files, with room, where programs can run."""
    check = "temporary files"
    try:
        folder = pathlib.Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        yield problem(check, f"{error.strerror}", "export TMPDIR=... and name a folder of yours")
        return
    wanted = os.environ.get("TMPDIR")
    if wanted and folder != pathlib.Path(wanted).absolute():
        text = f"TMPDIR is {wanted}, which cannot be written: {folder} is used"
        yield warning(check, text, "export TMPDIR=... and name a folder of yours")
    yield from room(check, folder, "TMPDIR")
    if not _runs_programs(folder):
        text = f"no program can run in {folder} (mounted noexec): some libraries build theirs there"
        yield warning(check, text, "export TMPDIR=... and name a folder where they can")


def _runs_programs(folder: pathlib.Path) -> bool:
    with tempfile.TemporaryDirectory(prefix=_TRIAL, dir=folder) as name:
        program = pathlib.Path(name, "program")
        program.write_text("#!/bin/sh\n", encoding="ascii")
        program.chmod(0o700)
        try:
            subprocess.run([program], check=True, timeout=10)
        except PermissionError:
            return False
    return True


def usable(folder: pathlib.Path, instead: str) -> Iterator[Finding]:
    """Whether a run can write in a folder; of one that is not there yet, whether it can be made.

    Args:
        folder: it is tried, and left as it is.
        instead: how another one is named.
    """
    try:
        _try(existing(folder))
    except OSError as error:
        text = f"{near(folder)} cannot be written: {error.strerror}"
        yield problem("folders", text, f"Make it writable for you, or name another with {instead}")
        return
    entries = (folder / name for name in _OURS)
    others = [str(near(each)) for each in entries if each.exists() and not os.access(each, os.W_OK)]
    if others:
        text = f"another user's, and not to be written by you: {', '.join(others)}"
        mend = f"Have them made yours with chown, or name another folder with {instead}"
        yield problem("folders", text, mend)
    else:
        yield ok("folders", f"{near(folder)} can be written")


def _try(folder: pathlib.Path) -> None:
    """Does in a folder what a run does: makes folders and files, locks and renames them.

    Raises:
        OSError: if that fails.
    """
    with tempfile.TemporaryDirectory(prefix=_TRIAL, dir=folder) as name:
        path = pathlib.Path(name, "file")
        with path.open("wb") as file:
            file.write(b"x")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.rename(path.with_name("renamed"))
