"""Builds .venv, everything that Headrace runs on, from whatever this machine has.

`make setup` runs this; when nothing changed since the last time it is over at once. The new
environment is made in a folder beside .venv and renamed into place when it is complete, so
an interrupted set-up leaves nothing that matters to the next.
"""

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts import private_runtime
from scripts.commands import SetupError, last_lines, run_logged
from scripts.installer import Installer, has_pip_for_new_environments

_STAMP = "headrace-stamp"


def main() -> int:
    """0 when .venv is ready; 1, after one sentence that says what is needed, when it can't be."""
    checkout = Path(__file__).resolve().parent.parent
    if is_ready(checkout):
        return 0
    log = checkout / ".setup.log"
    try:
        _check_machine()
        with _only_one(checkout):
            if not is_ready(checkout):
                set_up(checkout, log)
    except SetupError as stop:
        print(f"Set-up stopped: {stop}", file=sys.stderr)
        if str(stop).endswith(":"):
            print(last_lines(log), file=sys.stderr)
        return 1
    return 0


def is_ready(checkout: Path) -> bool:
    """Whether .venv was completed from the files and the Python that are here now."""
    stamp = checkout / ".venv" / _STAMP
    return stamp.exists() and stamp.read_text(encoding="utf-8") == fingerprint(checkout)


def fingerprint(checkout: Path) -> str:
    """A digest of all that .venv is made from: the lock, setup.py, these scripts, this Python."""
    digest = hashlib.sha256(f"{checkout}\n{sys.version}\n{sys.base_prefix}\n".encode())
    sources = [checkout / "requirements.lock", checkout / "setup.py"]
    for file in sources + sorted((checkout / "scripts").glob("*.py")):
        digest.update(f"{file.name}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def set_up(checkout: Path, log: Path) -> None:
    """Builds the environment beside .venv and puts it in its place."""
    started = time.monotonic()
    log.write_text("", encoding="utf-8")
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Setting up .venv with Python {version}; this takes a few minutes at most.")

    runtime = checkout / ".runtime"
    lacking = private_runtime.missing_from_system()
    if lacking:
        with _step(f"a C library of its own, as this system lacks {lacking}"):
            private_runtime.build(runtime, log)

    building = checkout / ".venv.building"
    python = create_environment(building, bool(lacking), log)
    installer = Installer(python, checkout / "requirements.lock", log)
    with _step("installer and build tools"):
        installer.install_first()
        if lacking:
            private_runtime.attach(python, runtime, log)
    with _step(f"all packages, with {installer.name}"):
        installer.install_locked()
        installer.install_checkout(checkout)
    with _step("first import of TFX"):
        failure = "TFX can't be imported; it said:"
        run_logged(python, "-c", "import tfx.v1", log=log, failure=failure)

    put_in_place(building, checkout / ".venv", fingerprint(checkout))
    print(f"Ready after {time.monotonic() - started:.0f} s.")


def create_environment(folder: Path, own_copy: bool, log: Path) -> Path:
    """An empty virtual environment in `folder`; returns its interpreter.

    Args:
        folder: removed first if there.
        own_copy: the interpreter is a copy, not a link, because patchelf is to change it.
        log: gets what venv prints.

    Raises:
        SetupError: when neither uv nor ensurepip can install anything into it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    options = ["--prompt", "headrace", *(["--copies"] if own_copy else [])]
    if shutil.which("uv"):
        options.append("--without-pip")
    elif not has_pip_for_new_environments():
        raise SetupError(
            "This Python can't make virtual environments with pip: install the package "
            "python3-venv, or uv."
        )
    failure = "The virtual environment could not be made; venv said:"
    run_logged(sys.executable, "-m", "venv", *options, folder, log=log, failure=failure)
    python = folder / "bin" / "python{}.{}".format(*sys.version_info[:2])
    if own_copy:
        for name in ("python", "python3"):
            (folder / "bin" / name).unlink()
            (folder / "bin" / name).symlink_to(python.name)
    return python


def put_in_place(building: Path, environment: Path, stamp: str) -> None:
    """Renames a complete environment, and mends the places where it names its own folder."""
    scripts = [file for file in (building / "bin").iterdir() if not file.is_symlink()]
    for file in [*scripts, building / "pyvenv.cfg"]:
        content = file.read_bytes()
        if not content.startswith(b"\x7fELF"):
            file.write_bytes(content.replace(os.fsencode(building), os.fsencode(environment)))
    (building / _STAMP).write_text(stamp, encoding="utf-8")
    old = environment.with_name(environment.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if environment.exists():
        environment.rename(old)
    building.rename(environment)
    shutil.rmtree(old, ignore_errors=True)


def _check_machine() -> None:
    """Raises SetupError where no wheel of TensorFlow's Linux builds that TFX uses can run."""
    machine = os.uname()
    if (machine.sysname, machine.machine) != ("Linux", "x86_64") or sys.maxsize < 2**32:
        raise SetupError(
            f"Headrace needs Linux on x86-64, where TFX has wheels, and this is "
            f"{machine.sysname} on {machine.machine}."
        )


@contextmanager
def _only_one(checkout: Path) -> Iterator[None]:
    """Waits until no other set-up of this checkout is at work."""
    with (checkout / ".setup.lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _step(name: str) -> Iterator[None]:
    """Prints what is being done, and then how long it took."""
    started = time.monotonic()
    print(f"  {name} ...", end="", flush=True)
    try:
        yield
    except BaseException:
        print()
        raise
    print(f" {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
