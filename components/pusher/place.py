"""Where versions lie: a folder or an object store, which answer the same questions."""

import contextlib
import pathlib
from collections.abc import Callable
from typing import Protocol

from components.pusher.folder import Folder
from components.pusher.manifest import Manifest
from components.pusher.store import Store, is_store


class Place(Protocol):
    """Versions of one model; the highest is the one that is served."""

    uri: str

    def versions(self) -> list[int]:
        """The numbers of all versions, in order."""

    def manifest(self, version: int) -> Manifest | None:
        """What a version says of itself."""

    def local(self, version: int) -> contextlib.AbstractContextManager[pathlib.Path]:
        """The files of a version on this machine."""

    def put(
        self, model: pathlib.Path, manifest: Manifest, check: Callable[[pathlib.Path], None]
    ) -> int:
        """Puts a SavedModel there as the highest version, whole or not at all; its number."""

    def trim(self, keep: int) -> list[int]:
        """Removes all but the newest versions; the numbers of those that went."""


def place(destination: str) -> Place:
    """The place that a path or a URI names."""
    return Store(destination) if is_store(destination) else Folder(pathlib.Path(destination))
