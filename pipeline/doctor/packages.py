"""The packages that Headrace asks for, and those that they ask for in turn."""

import csv
import functools
import importlib.metadata
import os
import pathlib
import re
from collections.abc import Iterator
from importlib.metadata import Distribution
from typing import TYPE_CHECKING

from pipeline.doctor import mending
from pipeline.doctor.finding import Finding, ok, problem, warning
from pipeline.history.columns import count

if TYPE_CHECKING:  # may be what is missing
    from packaging.specifiers import SpecifierSet

HEADRACE = "headrace"
# Of which pyproject.toml wants another version than what asks for it.
OVERRIDDEN = frozenset({"pyfarmhash"})
_NAMED = 5  # in a line


def versions(start: str = HEADRACE) -> Iterator[Finding]:
    """Whether every package that is asked for is there, in a version that is asked for."""
    try:
        found, misfits = installed(start)
    except importlib.metadata.PackageNotFoundError:
        checkout = str(pathlib.Path(__file__).parents[2])
        mend = mending.install("--editable", checkout)
        yield problem("packages", f"{start} is not installed, so what it asks for is unknown", mend)
        return
    if misfits:
        yield problem("packages", _first(list(misfits.values())), mending.install(*misfits))
    else:
        yield ok("packages", f"{len(found)}, each of a version that is asked for")


@functools.cache
def installed(start: str = HEADRACE) -> tuple[dict[str, Distribution], dict[str, str]]:
    """All that is installed of what a distribution asks for, itself included.

    Returns:
        Distributions by name; by requirement that does not hold, what is wrong.

    Raises:
        PackageNotFoundError: if the distribution itself is not installed.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, Distribution] = {
        canonicalize_name(start): importlib.metadata.distribution(start)
    }
    misfits: dict[str, str] = {}
    todo: list[tuple[str, str]] = [(canonicalize_name(start), "")]  # name and extra
    seen: set[tuple[str, str]] = set()
    while todo:
        name, extra = todo.pop(0)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for text in found[name].requires or ():
            wanted = Requirement(text)
            if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
                continue
            if misfit := _misfit(wanted.name, wanted.specifier):
                misfits[f"{wanted.name}{wanted.specifier}"] = f"{misfit} ({name} asks for it)"
            else:
                other = canonicalize_name(wanted.name)
                found[other] = importlib.metadata.distribution(wanted.name)
                todo += [(other, each) for each in ("", *wanted.extras)]
    return found, misfits


def _misfit(name: str, wanted: "SpecifierSet") -> str:
    """What is wrong with an installed package; empty if nothing is."""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return f"{name} is not installed"
    if not version:  # its folder is there, but not what it should hold
        return f"{name} is installed in part"
    if name in OVERRIDDEN or wanted.contains(version, prereleases=True):
        return ""
    return f"{name}: got {version}, expected {wanted}"


def asked_for(name: str) -> str:
    """What Headrace asks for of a package: `tensorflow==2.21.*`; its name, if that is not known."""
    try:
        asked = importlib.metadata.requires(HEADRACE) or []
    except importlib.metadata.PackageNotFoundError:
        return name
    texts = (text.partition(";")[0].strip() for text in asked)
    return next((text for text in texts if re.split(r"[^\w.-]", text, maxsplit=1)[0] == name), name)


def files(start: str = HEADRACE) -> Iterator[Finding]:
    """Whether the packages' files are there, of the size that they were installed with."""
    gone: dict[str, list[str]] = {}
    other: dict[str, list[str]] = {}
    found, _ = installed(start)
    for name, distribution in found.items():
        wanted = f"{name}=={distribution.version}"
        for file, size in _recorded(distribution):
            try:
                now = os.stat(file).st_size  # noqa: PTH116  of 50,000 files: a Path takes as long
            except OSError:
                gone.setdefault(wanted, []).append(file)
            else:
                if size and int(size) != now:
                    other.setdefault(wanted, []).append(file)
    if gone:
        yield problem("files", f"gone: {_by_package(gone)}", mending.reinstall(*gone))
    if other:
        text = f"changed since they were installed: {_by_package(other)}"
        yield warning("files", text, mending.reinstall(*other))
    if not gone and not other:
        yield ok("files", "all that were installed are there, in their sizes")


def _recorded(distribution: Distribution) -> Iterator[tuple[str, str]]:
    """Path and size, as text, of what a distribution has installed; of some, no size is known."""
    folder = str(distribution.locate_file(""))
    for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        # What lies elsewhere, in bin/, was changed by moving the environment.
        if len(row) == 3 and not row[0].startswith(".."):
            yield os.path.join(folder, row[0]), row[2]


def _by_package(files: dict[str, list[str]]) -> str:
    """How many files by package, and the first of them."""
    return _first(
        [f"{count(len(few), 'file')} of {name} ({few[0]})" for name, few in files.items()]
    )


def _first(texts: list[str]) -> str:
    more = f"; and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more
