"""The code that a node runs: every module of ours and of the user's that it can reach."""

import dataclasses
import functools
import importlib.machinery
import importlib.metadata
import pathlib
import platform
import sys
import sysconfig
from collections.abc import Iterator, Sequence

from pipeline.local.cache import contents
from pipeline.local.cache.modules import Reader

_OURS = ("pipeline", "components", "modules")
_ROOT = pathlib.Path(__file__).parents[3]
# What decides numbers beneath the libraries that are imported by name.
_ALWAYS = ("numpy", "tensorflow")


@dataclasses.dataclass(frozen=True)
class Code:
    """What some roots reach."""

    digests: dict[str, str]  # by module, or by file in the user's folder
    libraries: dict[str, str]  # version by distribution, and of Python


@dataclasses.dataclass(frozen=True)
class _Source:
    """A module, or a package's `__init__`."""

    name: str  # as imports name it
    path: pathlib.Path
    is_package: bool
    root: pathlib.Path  # the folder that its top-level name lies in
    key: str  # as it is called in digests


class Codebase:
    """Fingerprints of code as it is on disk now; nothing is imported.

    Followed are all import statements, those within functions too: in our own packages, in the
    user's files, and in whatever else is not installed (an editable install, PYTHONPATH). Installed
    libraries count by the version of their distribution. An import that is put together at run
    time cannot be seen.
    """

    def __init__(self, folder: pathlib.Path, memory: pathlib.Path | None = None) -> None:
        """Takes the spec's folder, where the user's files lie, and the file of Reader's memory."""
        self._folder = folder
        self._reader = Reader(memory)
        self._seen: dict[pathlib.Path, tuple[int, ...] | None] = {}

    def of(self, modules: Sequence[str], files: Sequence[pathlib.Path]) -> Code:
        """The code that some modules, named with dots, and some files of the user's reach."""
        found: dict[pathlib.Path, _Source] = {}
        libraries = set(_ALWAYS)
        front = [source for name in modules for source in self._named(name, libraries)]
        front += [self._of_user(path) for path in files]
        digests = {}
        while front:
            source = front.pop()
            if source.path in found:
                continue
            found[source.path] = source
            self._seen.setdefault(source.path, _state(source.path))
            module = self._reader.read(source.path)
            digests[source.key] = module.digest
            for level, name, taken in module.imports:
                for wanted in _absolute(source, level, name, taken):
                    front += self._named(wanted, libraries)
        self._reader.remember()
        return Code(dict(sorted(digests.items())), _versions(frozenset(libraries)))

    def unchanged(self) -> bool:
        """Whether every file that was looked at is as it was then."""
        return all(_state(path) == before for path, before in self._seen.items())

    def _named(self, name: str, libraries: set[str]) -> Iterator[_Source]:
        """The module of a dotted name and the packages it is in; a library is noted instead."""
        top = name.partition(".")[0]
        root = self._root(top)
        if root is None:
            if top not in sys.stdlib_module_names:
                libraries.add(top)
            return
        path = root
        parts = name.split(".")
        for depth, part in enumerate(parts, 1):
            path /= part
            dotted = ".".join(parts[:depth])
            if (path / "__init__.py").is_file():
                yield self._source(dotted, path / "__init__.py", root)
            elif path.with_suffix(".py").is_file():
                yield self._source(dotted, path.with_suffix(".py"), root)
                return
            elif not path.is_dir():
                return

    def _root(self, top: str) -> pathlib.Path | None:
        """The folder that a top-level name is imported from, if it is not an installed library."""
        if top in _OURS:
            return _ROOT
        if top in sys.stdlib_module_names:
            return None
        installed = _installed(top)
        if installed is not None:
            return installed if _is_editable(installed) else None
        beside = self._folder / top
        # The loader of hooks appends the folder to sys.path: it is asked last.
        if beside.is_dir() or beside.with_suffix(".py").is_file():
            return self._folder
        return None

    def _source(self, name: str, path: pathlib.Path, root: pathlib.Path) -> _Source:
        key = str(path.relative_to(root)) if root == self._folder else name
        return _Source(name, path, path.name == "__init__.py", root, key)

    def _of_user(self, path: pathlib.Path) -> _Source:
        """A file that the spec names, which is a module by itself."""
        return self._source(path.stem, path, self._folder)


def _absolute(source: _Source, level: int, name: str, taken: Sequence[str]) -> Iterator[str]:
    """The dotted names that an import may mean: what is taken may be modules, or not."""
    if level:
        package = source.name.split(".") if source.is_package else source.name.split(".")[:-1]
        package = package[: len(package) - (level - 1)] if level > 1 else package
        name = ".".join([*package, name] if name else package)
    if name:
        yield name
        yield from (f"{name}.{each}" for each in taken if each != "*")
    else:
        yield from (each for each in taken if each != "*")


@functools.cache
def _installed(top: str) -> pathlib.Path | None:
    """The folder that Python finds a top-level name in; nothing is imported."""
    found = importlib.machinery.PathFinder.find_spec(top)
    if found is None:
        return None
    places = list(found.submodule_search_locations or [str(found.origin)])
    return pathlib.Path(places[0]).parent


def _is_editable(folder: pathlib.Path) -> bool:
    """Whether modules in a folder may be edited, and are not those of an installed library."""
    fixed = {pathlib.Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib", "stdlib")}
    return not any(folder.is_relative_to(each) for each in fixed)


@functools.cache
def _versions(tops: frozenset[str]) -> dict[str, str]:
    """Version by distribution of those that top-level names come from, and Python's."""
    by_name = _distributions()
    names = {name for top in tops for name in by_name.get(top, ())}
    found = {name: importlib.metadata.version(name) for name in sorted(names)}
    return {"python": platform.python_version(), **found}


@functools.cache
def _distributions() -> dict[str, list[str]]:
    """Distributions by top-level name."""
    return dict(importlib.metadata.packages_distributions())


def _state(path: pathlib.Path) -> tuple[int, ...] | None:
    (state,) = contents.state([path]).values()
    return state
