"""Commands that mend the environment that this Python runs in."""

import pathlib
import shlex
import sys

STAMP = "headrace-stamp"  # file of an environment that scripts/setup_environment.py made


def environment() -> str:
    """The command that makes all of the environment anew."""
    otherwise = "Make a new virtual environment of a Python that fits, and install Headrace there"
    return _set_up_again() or otherwise


def install(*requirements: str) -> str:
    """The command that brings packages to the versions that are asked for."""
    return _set_up_again() or pip("install", *requirements)


def reinstall(*requirements: str) -> str:
    """The command that writes all files of packages again."""
    return _set_up_again() or pip("install", "--force-reinstall", "--no-deps", *requirements)


def pip(*words: str) -> str:
    """A command of the pip of this Python."""
    return shlex.join([sys.executable, "-m", "pip", *words])


def _set_up_again() -> str:
    """`make setup`, if that made the environment: while its stamp is there, it does nothing."""
    folder = pathlib.Path(sys.prefix)
    if not (folder / STAMP).is_file():
        return ""
    stamp, checkout = shlex.quote(str(folder / STAMP)), shlex.quote(str(folder.parent))
    return f"rm {stamp} && make -C {checkout} setup"
