"""How a process that imports all of TFX starts and ends in less time."""

import atexit
import gc
import os
import sys
from typing import NoReturn


def begin() -> None:
    """Looks for garbage less often: at first there are a million objects that all stay.

    With Python's own 700 a sixth of a run of 150,000 rows goes into it, and its memory is the same.
    """
    gc.set_threshold(200_000)


def end(code: int) -> NoReturn:
    """Ends the process without taking the modules of TensorFlow and TFX apart, which takes 2 s."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
