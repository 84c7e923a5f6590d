"""Python, the C library and the packages."""

import importlib.metadata
import importlib.util
import os
import pathlib
import platform
import sys
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from pipeline.doctor.finding import Finding, ok, problem, warning

_NEEDED_GLIBC = (2, 38)  # of the wheels of tensorflow-data-validation and ml-metadata 1.21
_SET_UP = "Run `make setup` in the checkout"
# Few, but of every large library: whether their bytecode is there says whether all was compiled.
_COMPILED = ("tensorflow", "tfx", "apache_beam", "keras")


def python() -> Iterator[Finding]:
    """Whether this Python is one that TFX has wheels for."""
    wanted = importlib.metadata.metadata("headrace")["Requires-Python"]
    version = platform.python_version()
    if version in SpecifierSet(wanted or ""):
        yield ok("Python", f"{version} at {sys.executable}")
    else:
        yield problem("Python", f"got {version}, expected {wanted}", _SET_UP)


def c_library() -> Iterator[Finding]:
    """Whether the C library that this process runs on is new enough for TFX's wheels."""
    try:
        name = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except ValueError:
        name = ""
    version = tuple(
        int(part) for part in name.removeprefix("glibc ").split(".") if part.isdecimal()
    )
    if name.startswith("glibc ") and version >= _NEEDED_GLIBC:
        yield ok("C library", name)
        return
    expected = "glibc {}.{} or newer".format(*_NEEDED_GLIBC)
    yield problem("C library", f"got {name or 'another than glibc'}, expected {expected}", _SET_UP)


def packages(distribution: str = "headrace") -> Iterator[Finding]:
    """Whether every package that a distribution asks for is there, in a version that it takes."""
    wrong, count = [], 0
    for text in importlib.metadata.requires(distribution) or ():
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            continue
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        count += 1
        if misfit := _misfit(wanted):
            wrong.append(misfit)
    if wrong:
        yield problem("packages", "; ".join(wrong), _SET_UP)
    else:
        yield ok("packages", f"all {count} that {distribution} asks for")


def _misfit(wanted: Requirement) -> str:
    """What is wrong with an installed package; empty if nothing is."""
    try:
        found = importlib.metadata.distribution(wanted.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{wanted.name} is not installed"
    if found.version not in wanted.specifier:
        return f"{wanted.name}: got {found.version}, expected {wanted.specifier}"
    files = found.files or []
    gone = [
        file
        for file in files
        if file.suffix == ".py" and not pathlib.Path(str(file.locate())).exists()
    ]
    return f"{wanted.name}: {len(gone)} of its files are gone" if gone else ""


def bytecode() -> Iterator[Finding]:
    """Whether imports have to compile what they import: TFX takes 20 s more then, every time."""
    plain = [name for name in _COMPILED if not _is_compiled(name)]
    if not plain:
        yield ok("bytecode", "compiled")
        return
    told = "PYTHONDONTWRITEBYTECODE is set, and " if sys.dont_write_bytecode else ""
    mend = f"Run {sys.executable} -m compileall -q {pathlib.Path(sys.prefix, 'lib')}"
    yield warning("bytecode", f"{told}{', '.join(plain)} are not compiled: slow starts", mend)


def _is_compiled(name: str) -> bool:
    found = importlib.util.find_spec(name)
    return not (found and found.origin and found.cached) or pathlib.Path(found.cached).exists()


def encoding() -> Iterator[Finding]:
    """Whether names and texts that are not ASCII can be read and printed."""
    used = sys.getfilesystemencoding()
    if used.lower().replace("-", "") == "utf8":
        yield ok("encoding", used)
    else:
        yield warning("encoding", f"got {used}, expected utf-8", "Set LANG=C.UTF-8")
