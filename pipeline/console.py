"""What every command prints alike: problems, sentences, and paths as one would type them."""

import pathlib
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text


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
