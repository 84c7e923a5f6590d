"""Versions of a model in a folder: each is there as a whole or not at all."""

import contextlib
import errno
import fcntl
import os
import pathlib
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator

from components.pusher import manifest as manifests
from components.pusher.manifest import Manifest, check_same, restored
from components.pusher.sums import files, sums
from components.pusher.version import next_number, numbers, surplus

# TensorFlow Serving and KServe look at names that are numbers only.
_PUSHING, _REMOVING = ".pushing-", ".removing-"
_LOCK = "lock"  # in the folder of a push under way
_YOUNG_SECONDS = 60  # a push may not have its lock yet
_LONG_SECONDS = 24 * 3600  # a push is over, where the file system knows no locks


class Folder:
    """A folder below which versions lie, each a number."""

    def __init__(self, path: pathlib.Path) -> None:
        """Takes the folder, which need not be there."""
        self.path, self.uri = path, str(path)

    def versions(self) -> list[int]:
        """The numbers of all versions, in order."""
        return [number for number in self._numbers() if (self.path / str(number)).is_dir()]

    def manifest(self, version: int) -> Manifest | None:
        """What a version says of itself; None if it says nothing, or is gone."""
        path = self.path / str(version) / manifests.FILE
        try:
            return manifests.parsed(path.read_bytes()) if path.is_file() else None  # and no pipe
        except OSError:
            return None

    @contextlib.contextmanager
    def local(self, version: int) -> Iterator[pathlib.Path]:
        """The folder of a version on this machine."""
        yield self.path / str(version)

    def put(
        self, model: pathlib.Path, manifest: Manifest, check: Callable[[pathlib.Path], None]
    ) -> int:
        """Puts a SavedModel here as a new version, the highest.

        It is written beside the versions, held against its source, checked, and renamed into place.
        A version of this folder is not copied: the new one has links to its files.

        Args:
            model: folder of the SavedModel.
            manifest: what there is to say of it; number, time and files are filled in.
            check: raises if the copy is not fit to be served.

        Raises:
            OSError: if the copy fails; nothing is then left of it.
            VersionError: if the copy is not the source.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self._sweep()
        with _beside(self.path) as beside:
            whole = beside / "model"
            _copy(model, whole, linked=model.parent == self.path)
            found = sums(whole, manifests.FILE)
            check_same(whole, found, sums(model, manifests.FILE))
            check(whole)
            while True:
                version = next_number(self._numbers())
                _write(whole / manifests.FILE, manifest.of(version, found).text())
                _flush_folders(whole)
                try:
                    whole.rename(self.path / str(version))
                except OSError as error:
                    if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                        raise
                else:  # without: somebody else has taken the number meanwhile
                    break
            _flush(self.path)
        return version

    def trim(self, keep: int) -> list[int]:
        """Removes all but the newest versions, and gives the numbers of those that went.

        Each is hidden first, in one step, and then deleted.
        """
        going = surplus({each: restored(self.manifest(each)) for each in self.versions()}, keep)
        for version in going:
            aside = self.path / f"{_REMOVING}{version}-{uuid.uuid4().hex[:8]}"
            with contextlib.suppress(FileNotFoundError):  # somebody else was faster
                (self.path / str(version)).rename(aside)
            shutil.rmtree(aside, ignore_errors=True)  # what is left, the next push removes
        return going

    def leftovers(self) -> list[pathlib.Path]:
        """Folders of pushes that were killed, and of removals that were not finished."""
        if not self.path.is_dir():
            return []
        entries = sorted(entry for entry in self.path.iterdir() if not entry.is_symlink())
        return [
            entry
            for entry in entries
            if entry.name.startswith(_REMOVING)
            or (entry.name.startswith(_PUSHING) and _is_dead(entry))
        ]

    def _sweep(self) -> None:
        for left in self.leftovers():
            shutil.rmtree(left, ignore_errors=True)

    def _numbers(self) -> list[int]:
        try:
            return numbers(entry.name for entry in self.path.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []


@contextlib.contextmanager
def _beside(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """A folder for what is not whole yet, which others can tell from that of a dead push."""
    beside = pathlib.Path(tempfile.mkdtemp(prefix=_PUSHING, dir=folder))
    lock = None
    try:
        lock = _lock(beside)
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _lock(beside: pathlib.Path) -> int:
    """The descriptor that holds the lock; the kernel gives it back whatever ends the process."""
    new = beside / f"{_LOCK}.new"
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT, 0o600)
    with contextlib.suppress(OSError):  # there are file systems without locks
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    new.rename(beside / _LOCK)  # under this name it is never seen unlocked
    return descriptor


def _is_dead(beside: pathlib.Path) -> bool:
    """Whether the push that made a folder is over."""
    try:
        age = time.time() - beside.stat().st_mtime
        descriptor = os.open(beside / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return beside.exists() and age > _YOUNG_SECONDS
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    except OSError:
        return age > _LONG_SECONDS
    finally:
        os.close(descriptor)


def _copy(source: pathlib.Path, target: pathlib.Path, linked: bool) -> None:
    """Copies a folder without its manifest, durably, up to the first error.

    shutil.copytree goes on after an error, and loses what kind it was.
    """
    if not source.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(source))
    target.mkdir()
    for folder in sorted(path for path in source.rglob("*") if path.is_dir()):
        (target / folder.relative_to(source)).mkdir()
    for path in files(source):
        name = path.relative_to(source)
        if name.as_posix() != manifests.FILE:
            _copy_file(path, target / name, linked)


def _copy_file(path: pathlib.Path, copied: pathlib.Path, linked: bool) -> None:
    if linked:
        with contextlib.suppress(OSError):  # there are file systems without links
            copied.hardlink_to(path)
            return
    shutil.copyfile(path, copied)
    _flush(copied)


def _write(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    _flush(path)


def _flush_folders(folder: pathlib.Path) -> None:
    """Makes the names in a folder outlive a power cut, as its files do."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            _flush(path)


def _flush(path: pathlib.Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
