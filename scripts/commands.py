"""How set-up runs other programs: quietly, into a log, failing with one sentence."""

import os
import subprocess
from pathlib import Path

# Each of these would send an installation elsewhere, or leave it without bytecode (which
# costs 20 s at every import of TFX).
_MISLEADING = frozenset(
    {
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "PIP_PREFIX",
        "PIP_TARGET",
        "PIP_USER",
        "UV_PREFIX",
        "UV_SYSTEM_PYTHON",
        "UV_TARGET",
    }
)


class SetupError(Exception):
    """Set-up can't go on. The text is one sentence that says what is needed."""


def clean_environment() -> dict[str, str]:
    """This process's environment without what would mislead an installer."""
    kept = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    return kept | {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "LC_ALL": "C.UTF-8"}


def run_logged(*command: str | Path, log: Path, failure: str, folder: Path | None = None) -> None:
    """Runs `command`, in `folder` where one is given, with its output added to `log`.

    Raises:
        SetupError: with the sentence `failure`, when the command is missing or fails.
    """
    words = [os.fspath(word) for word in command]
    with log.open("a", encoding="utf-8") as output:
        output.write(f"\n$ {' '.join(words)}\n")
        output.flush()
        try:
            subprocess.run(
                words,
                check=True,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment(),
            )
        except (OSError, subprocess.CalledProcessError) as error:
            output.write(f"{error}\n")
            raise SetupError(failure) from error


def last_lines(log: Path, count: int = 15) -> str:
    """The end of `log`, indented, to show below a failure."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines)
