"""The versions of installed libraries that code imports."""

import functools
import hashlib
import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Mapping

from pipeline.local.cache.memory import Memory

# What decides numbers beneath the libraries that are imported by name: TensorFlow, of which
# TensorFlow Transform or TFMA are made, and NumPy, of which all are. What merely carries the
# numbers, such as protobuf, counts where code imports it.
_ALWAYS = ("numpy", "tensorflow")
_METADATA = (".dist-info", ".egg-info")


class Libraries:
    """What is installed, as it is when the object is made."""

    def __init__(self, memory: Memory) -> None:
        """Takes what remembers where names come from."""
        self._memory, self._installed = memory, _installed()
        self._files = functools.cache(_files)

    def versions(self, names: Iterable[str]) -> dict[str, str]:
        """Version by distribution of those that dotted import names come from, and Python's.

        Names that no distribution has are left out.
        """
        found: dict[str, str] = {}
        for name in {*names, *_ALWAYS}:
            several = self._remembered(name.partition(".")[0], self._providing)
            if len(several) > 1 and "." in name:
                several = self._remembered(name, self._owning)
            found |= several
        return {"python": platform.python_version(), **dict(sorted(found.items()))}

    def _remembered(self, name: str, find: Callable[[str], dict[str, str]]) -> dict[str, str]:
        return self._memory.distributions(name, self._installed, find)

    def _providing(self, top: str) -> dict[str, str]:
        """Version by distribution of those that a top-level name comes from: mostly one."""
        providing = _by_top(self._installed).get(top, ())
        return {_spelled(each): _version(each) for each in providing}

    def _owning(self, name: str) -> dict[str, str]:
        """The same of those, among several, that have a name, or else the package that it is in.

        Some thirty distributions share the name `google`.
        """
        parts = name.split(".")
        several = self._remembered(parts[0], self._providing)
        for depth in range(len(parts), 1, -1):
            path = "/".join(parts[:depth])
            owning = {
                each: version
                for each, version in several.items()
                if f"\n{path}/" in self._files(each) or f"\n{path}." in self._files(each)
            }
            if owning:
                return owning
        return several


@functools.cache
def _by_top(installed: str) -> Mapping[str, list[str]]:
    """Distributions by top-level name; a tenth of a second for each state of what is installed."""
    del installed
    return importlib.metadata.packages_distributions()


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:  # half an installation, such as ~umpy
        return "unknown"


def _files(distribution: str) -> str:
    """The files that a distribution has installed, a line each, after an empty one."""
    return "\n" + (importlib.metadata.distribution(distribution).read_text("RECORD") or "")


def _installed() -> str:
    """A digest of the names of all that is installed: they have the versions in them."""
    names: list[str] = []
    for folder in sys.path:
        try:
            entries = os.listdir(folder or ".")  # noqa: PTH208  iterdir makes an object of each
        except OSError:
            continue
        names += sorted(entry for entry in entries if entry.endswith(_METADATA))
    return hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def _spelled(distribution: str) -> str:
    """A distribution's name in the one spelling of all that mean it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
