"""Where imports lead: to sources that may be edited, or to an installed library."""

import dataclasses
import functools
import importlib.machinery
import importlib.util
import os
import pathlib
import sys
import sysconfig
from collections.abc import Iterator

from pipeline.local.cache.modules import OURS

ROOT = pathlib.Path(__file__).parents[3]  # the folder that our own packages lie in
_SUFFIXES = importlib.machinery.all_suffixes()
_STANDARD_LIBRARY = pathlib.Path(sysconfig.get_path("stdlib"))


@dataclasses.dataclass(frozen=True)
class Source:
    """A module, or the `__init__` of a package."""

    name: str  # as imports name it
    path: pathlib.Path
    key: str  # how digests call it: by its name, or by its path in the user's folder

    @property
    def is_package(self) -> bool:
        """Whether modules may lie beneath it."""
        return self.path.name.startswith("__init__.")


@dataclasses.dataclass(frozen=True)
class Place:
    """What an import reads."""

    sources: tuple[Source, ...] = ()  # the packages on the way, and the module; none of a library
    is_library: bool = False  # installed: its version counts, and not what is in it


class Places:
    """Finds modules as Python would, without importing any; each folder is listed once."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Takes the spec's folder, where the user's own modules lie."""
        self._folder = folder
        # By object: another one may see another sys.path, and other files.
        self.find = functools.cache(self._find)
        self._root = functools.cache(self._find_root)
        self._entries = functools.cache(_entries)
        self._is_installed = functools.cache(self._look_for_libraries)

    def of_user(self, path: pathlib.Path) -> Source:
        """A file that the spec names, which is a module by itself."""
        return Source(path.stem, path, os.path.relpath(path, self._folder))

    def in_library(self, name: str) -> Source | None:
        """The source of a library's module, if it has one."""
        root = self._root(name.partition(".")[0])
        sources = tuple(self._walk(root, name)) if root else ()
        return sources[-1] if sources and sources[-1].name == name else None

    def beneath(self, package: str) -> list[str]:
        """The modules that `from package import *` may import."""
        sources = self.find(package).sources
        if not sources or sources[-1].name != package or not sources[-1].is_package:
            return []
        entries = self._entries(sources[-1].path.parent)
        return sorted({f"{package}.{entry.partition('.')[0]}" for entry in entries})

    def _find(self, name: str) -> Place:
        top = name.partition(".")[0]
        root = self._root(top)
        if root is None:
            return Place()
        if top not in OURS and root != self._folder and self._is_installed(root):
            return Place(is_library=True)
        return Place(tuple(self._walk(root, name)))

    def _walk(self, root: pathlib.Path, name: str) -> Iterator[Source]:
        """The sources on the way from a folder to a module."""
        folder, dotted = root, ""
        for part in name.split("."):
            file, is_package = self._module(folder, part)
            dotted = f"{dotted}.{part}" if dotted else part
            if file:
                yield self._source(dotted, file, root)
            if not is_package:
                return
            folder /= part

    def _module(self, folder: pathlib.Path, name: str) -> tuple[pathlib.Path | None, bool]:
        """The file of a module, and whether it is a package, which may do without a file."""
        entries = self._entries(folder)
        if name in entries:
            inner = self._entries(folder / name)
            for suffix in _SUFFIXES:
                if f"__init__{suffix}" in inner:
                    return folder / name / f"__init__{suffix}", True
        for suffix in _SUFFIXES:
            if name + suffix in entries:
                return folder / (name + suffix), False
        return None, name in entries

    def _find_root(self, top: str) -> pathlib.Path | None:
        """The folder that a top-level name is imported from; None if it is Python's, or missing."""
        if top in OURS:
            return ROOT
        if top in sys.stdlib_module_names:
            return None
        # The loader of hooks appends the folder to sys.path: it is asked last.
        found = _on_path(top) or (self._folder if any(self._module(self._folder, top)) else None)
        return None if found == _STANDARD_LIBRARY else found

    def _look_for_libraries(self, folder: pathlib.Path) -> bool:
        """Whether pip and its like fill a folder, so that nobody edits what is there."""
        if folder.name in ("site-packages", "dist-packages"):
            return True
        return any(entry.endswith(".dist-info") for entry in self._entries(folder))

    def _source(self, name: str, path: pathlib.Path, root: pathlib.Path) -> Source:
        return Source(name, path, str(path.relative_to(root)) if root == self._folder else name)


def _entries(folder: pathlib.Path) -> frozenset[str]:
    """The names in a folder; none if it is no folder."""
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208  iterdir makes an object of each
    except OSError:
        return frozenset()


def _on_path(top: str) -> pathlib.Path | None:
    """The folder in which Python finds a top-level name; nothing is imported for that."""
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # ValueError: it is imported already, and has no spec
        return None
    if found is None:
        return None
    places = list(found.submodule_search_locations or ())
    if not places and found.has_location:
        places = [str(found.origin)]
    return pathlib.Path(places[0]).parent if places else None
