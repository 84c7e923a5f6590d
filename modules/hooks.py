"""A user's own functions, loaded from a file beside the spec."""

import importlib.util
import pathlib
import sys
from collections.abc import Callable
from typing import Any

from modules.errors import SpecError, did_you_mean


def load_function(reference: str, folder: pathlib.Path) -> Callable[..., Any]:
    """The function that `file.py:name` refers to, the file being in the folder.

    Raises:
        SpecError: if the file leaves the folder, is not there, fails to run or lacks the name.
    """
    file_name, _, name = reference.partition(":")
    path = (folder / file_name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise SpecError([f"{reference}: leaves the folder {folder}; keep the file beside the spec"])
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # for what the file imports; last, so as to hide nothing
    # A name of its own, so that a user's `training.py` does not replace ours.
    module_name = f"headrace_hook_{path.stem}"
    found = importlib.util.spec_from_file_location(module_name, path)
    if found is None or found.loader is None or not path.is_file():
        raise SpecError([f"{reference}: no Python file at {path}"])
    module = importlib.util.module_from_spec(found)
    sys.modules[module_name] = module
    try:
        found.loader.exec_module(module)
    except Exception as error:
        raise SpecError([f"{reference}: {path} raises {type(error).__name__}: {error}"]) from error
    function = getattr(module, name, None)
    if not callable(function):
        names = [key for key, value in vars(module).items() if callable(value)]
        raise SpecError([f"{reference}: no function {name!r} in {path}{did_you_mean(name, names)}"])
    return function
