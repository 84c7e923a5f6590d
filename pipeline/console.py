"""What every command prints alike: problems, sentences, and paths as one would type them."""

import contextlib
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from modules.errors import InputProblem


def complain(console: Console, problems: Sequence[str]) -> None:
    """Prints a line `error: ...` for each problem."""
    for problem in problems:
        console.print(Text.assemble(("error: ", "bold red"), problem), soft_wrap=True)


def say(console: Console, text: str, style: str = "") -> None:
    """Prints a text that may hold anything: nothing in it is taken for markup."""
    console.print(Text(text, style=style), soft_wrap=True)


def near(path: pathlib.Path) -> pathlib.Path:
    """The path as one would type it here."""
    here = pathlib.Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


@contextlib.contextmanager
def libraries_quiet() -> Iterator[None]:
    """Keeps what libraries write to standard error while they load; a crash shows it after all.

    TensorFlow 2.21 tells of processors and CUDA from C++, before any setting is read.
    """
    sys.stderr.flush()
    own = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except (InputProblem, KeyboardInterrupt):
            raise
        except BaseException:
            kept.seek(0)
            os.write(own, kept.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(own, 2)
            os.close(own)
