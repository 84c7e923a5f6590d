"""The code that a node runs: every module of ours and of the user's that it can reach."""

import dataclasses
import pathlib
from collections.abc import Iterator, Sequence

from pipeline.local.cache import contents, modules
from pipeline.local.cache.libraries import Libraries
from pipeline.local.cache.memory import Memory, Module
from pipeline.local.cache.places import ROOT, Places, Source


@dataclasses.dataclass(frozen=True)
class Code:
    """What some roots reach."""

    digests: dict[str, str]  # by module, or by file in the user's folder
    libraries: dict[str, str]  # version by distribution, and of Python
    files: frozenset[pathlib.Path] = dataclasses.field(repr=False, compare=False)


@dataclasses.dataclass(frozen=True)
class _Reached:
    """What a source says, and where it leads."""

    digest: str
    sources: tuple[Source, ...]
    libraries: frozenset[str]  # import names


class Codebase:
    """Fingerprints of code as it was on disk when a run began; nothing is imported.

    Followed are all import statements, those within functions too: in our own packages, in the
    user's files, and in whatever else is not installed (an editable install, PYTHONPATH). Installed
    libraries count by the version of their distribution. An import whose name is put together at
    run time cannot be seen.
    """

    def __init__(self, folder: pathlib.Path, memory: pathlib.Path | None = None) -> None:
        """Takes the spec's folder, where the user's files lie, and the file of the memory."""
        self._memory = Memory(memory)
        self._places, self._libraries = Places(folder), Libraries(self._memory)
        self._reached: dict[pathlib.Path, _Reached] = {}
        # The worker imports all of ours before the first node runs, and long before the last one is
        # looked at: what is edited in between is not what runs.
        ours = (path for top in modules.OURS for path in (ROOT / top).rglob("*.py"))
        self._states = contents.state(list(ours))

    def of(self, roots: Sequence[str], files: Sequence[pathlib.Path]) -> Code:
        """The code that some modules, named with dots, and some files of the user's reach."""
        libraries, front = set[str](), [self._places.of_user(path) for path in files]
        for root in roots:
            place = self._places.find(root)
            if not place.is_library:
                front += place.sources
            else:
                libraries |= {root, *self._at_work_for(root)}
        digests: dict[pathlib.Path, tuple[str, str]] = {}
        while front:
            source = front.pop()
            if source.path not in digests:
                reached = self._reach(source)
                digests[source.path] = source.key, reached.digest
                front += reached.sources
                libraries |= reached.libraries
        versions = self._libraries.versions(libraries)
        self._memory.save()
        return Code(dict(sorted(digests.values())), versions, frozenset(digests))

    def unchanged(self, code: Code) -> bool:
        """Whether all files of some code still are as they were when the run began."""
        before = {str(path): self._states[str(path)] for path in code.files}
        return contents.state(code.files) == before

    def _at_work_for(self, executor: str) -> frozenset[str]:
        """Libraries that a library's executor imports: they, too, decide what comes out of it."""
        source = self._places.in_library(executor)
        return self._reach(source).libraries if source else frozenset()

    def _reach(self, source: Source) -> _Reached:
        """What a source says, and where it leads; read once."""
        if source.path not in self._reached:
            if str(source.path) not in self._states:
                self._states |= contents.state([source.path])
            module = modules.read(source.path, self._memory)
            places = {name: self._places.find(name) for name in self._names(source, module)}
            self._reached[source.path] = _Reached(
                digest=module.digest,
                sources=tuple({each for place in places.values() for each in place.sources}),
                libraries=frozenset(name for name, place in places.items() if place.is_library),
            )
        return self._reached[source.path]

    def _names(self, source: Source, module: Module) -> Iterator[str]:
        """The dotted names that a source may import."""
        for level, name, taken in module.imports:
            absolute = _absolute(source, level, name)
            if absolute:
                yield absolute
            for each in taken:
                if each == "*":
                    yield from self._places.beneath(absolute)
                else:
                    yield f"{absolute}.{each}" if absolute else each
        for text in module.mentions:
            sources = self._places.find(text).sources
            if sources and sources[-1].name == text:  # and not of a function in it
                yield text


def _absolute(source: Source, level: int, name: str) -> str:
    """The name that an import with some dots before it means."""
    if not level:
        return name
    package = source.name.split(".")
    package = package[: len(package) + source.is_package - level]
    return ".".join([*package, name] if name else package)
