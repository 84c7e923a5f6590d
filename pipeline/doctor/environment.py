"""Python, the C library below it, bytecode and encoding."""

import importlib.metadata
import importlib.util
import locale
import os
import pathlib
import platform
import re
import shlex
import sys
import sysconfig
from collections.abc import Iterator

from pipeline.doctor import mending
from pipeline.doctor.finding import Finding, ok, problem, warning
from pipeline.doctor.packages import HEADRACE, installed

# Few, but of every large library: whether their bytecode is there says whether all was compiled.
_LARGE = (
    "tensorflow",
    "keras",
    "tfx",
    "apache_beam",
    "tensorflow_transform",
    "tensorflow_model_analysis",
    "tensorflow_data_validation",
    "kfp",
)
_WHEEL = re.compile(r"^Tag: .*-manylinux_(\d+)_(\d+)_", re.MULTILINE)
_SYSTEM = ("/lib/", "/lib64/", "/usr/")


def python(distribution: str = HEADRACE) -> Iterator[Finding]:
    """Whether this Python is one that TFX has wheels for, as `setup.py` says."""
    from packaging.specifiers import SpecifierSet

    wanted = importlib.metadata.metadata(distribution)["Requires-Python"]
    version = platform.python_version()
    if SpecifierSet(wanted).contains(version, prereleases=True):
        yield ok("Python", f"{version} at {sys.executable}")
    else:
        yield problem("Python", f"got {version}, expected {wanted}", mending.environment())


def c_library(distribution: str = HEADRACE) -> Iterator[Finding]:
    """Whether the C library that this process runs on is new enough for the wheels it has."""
    try:
        name = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except ValueError:
        name = ""
    if not name.startswith("glibc "):
        mend = "Use Debian 12 or newer, Ubuntu 24.04, or an image made from the Dockerfile"
        yield problem("C library", "got another than glibc, expected glibc", mend)
        return
    has = tuple(int(part) for part in re.findall(r"\d+", name))
    found, _ = installed(distribution)
    needs, of = max((_needed(each.read_text("WHEEL") or ""), key) for key, each in found.items())
    if has >= needs:
        yield ok("C library", f"{name}{_private_folder()}")
    else:
        expected = f"{needs[0]}.{needs[1]} or newer for the wheel of {of}"
        yield problem("C library", f"got {name}, expected {expected}", mending.environment())


def _needed(wheel: str) -> tuple[int, int]:
    """The glibc that a wheel was built for, by its tags; several are alternatives."""
    return min(((int(major), int(minor)) for major, minor in _WHEEL.findall(wheel)), default=(0, 0))


def _private_folder() -> str:
    """Where the C library lies if it is not the system's: docs/decisions/c-library.md."""
    for line in pathlib.Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        path = line[line.find("/") :]
        if path.endswith("/libc.so.6") and not path.startswith(_SYSTEM):
            return f", not the system's, in {pathlib.Path(path).parent}"
    return ""


def bytecode(names: tuple[str, ...] = _LARGE) -> Iterator[Finding]:
    """Whether imports have to compile what they import: TFX takes 20 s more then, every time."""
    plain = [name for name in names if not _is_compiled(name)]
    if not plain:
        yield ok("bytecode", "compiled")
        return
    # Where this is set, no import leaves what the next one could use.
    never = ", and PYTHONDONTWRITEBYTECODE keeps it so" if sys.dont_write_bytecode else ""
    text = f"none of {', '.join(plain)}: each start takes up to 20 s more{never}"
    folder = sysconfig.get_path("purelib")
    mend = shlex.join([sys.executable, "-m", "compileall", "-q", folder])
    yield warning("bytecode", text, mend)


def _is_compiled(name: str) -> bool:
    """Whether an import of a package finds bytecode that is of this Python, and of its source."""
    found = importlib.util.find_spec(name)
    if not (found and found.origin and found.cached):
        return True  # it is not there, or has no source: other checks tell
    try:
        header = pathlib.Path(found.cached).read_bytes()[:16]
        source = int(pathlib.Path(found.origin).stat().st_mtime) & 0xFFFFFFFF
    except OSError:
        return False
    magic, flags, time = header[:4], header[4:8], header[8:12]  # PEP 552
    of_source = any(flags) or int.from_bytes(time, "little") == source
    return magic == importlib.util.MAGIC_NUMBER and of_source


def encoding() -> Iterator[Finding]:
    """Whether names and texts that are not ASCII can be read and printed."""
    used = {
        "names of files": sys.getfilesystemencoding(),
        "texts": "utf-8" if sys.flags.utf8_mode else locale.getencoding(),
        "output": sys.stdout.encoding or "",
    }
    other = [f"{name} in {what}" for what, name in used.items() if not _is_utf8(name)]
    if not other:
        yield ok("encoding", "UTF-8")
        return
    mend = "export LC_ALL=C.UTF-8; unset PYTHONIOENCODING PYTHONUTF8"
    yield warning("encoding", f"got {', '.join(other)}; expected UTF-8", mend)


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") == "utf8"
