"""A version whose files are what was pushed, and which answers."""

import contextlib
import pathlib
from collections.abc import Iterator

from components.pusher.manifest import Manifest, check_files
from components.pusher.place import Place
from components.pusher.prediction import check_apart
from components.pusher.version import VersionError
from pipeline.versions.places import told


@contextlib.contextmanager
def checked(there: Place, version: int) -> Iterator[tuple[pathlib.Path, Manifest]]:
    """The files of a version on this machine, and what it says of itself.

    Raises:
        VersionError: if its files are not those that its manifest lists, or it does not answer.
        OSError: if it cannot be read.
    """
    manifest = there.manifest(version)
    with there.local(version) as folder:
        try:
            check_files(folder, manifest)
            check_apart(folder)
        except VersionError as error:  # of a store, the folder is a copy that nobody knows
            named = str(error).replace(str(folder), f"{told(there)}/{version}")
            raise VersionError(named) from None
        yield folder, manifest or Manifest()


def checked_already(folder: pathlib.Path) -> None:
    """What is put elsewhere need not answer again: it is held against its source by the byte."""
    del folder
