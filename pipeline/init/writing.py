"""Files that belong together, written so that all are there or none."""

import contextlib
import pathlib
import tempfile
from collections.abc import Mapping

from modules.errors import SpecError
from pipeline import spec as spec_of
from pipeline.init.spec_text import SPEC_FILE


def refuse_existing(folder: pathlib.Path, names: list[str]) -> None:
    """Raises SpecError, naming the files, if any is there already."""
    there = [folder / name for name in names if (folder / name).exists()]
    if there:
        raise SpecError([f"{path}: exists. Overwrite it with --force" for path in there])


def write_checked(folder: pathlib.Path, texts: Mapping[str, str]) -> None:
    """Writes all files or, when one cannot be written or the spec does not load, none.

    Args:
        texts: by file name; the spec is among them.

    Raises:
        SpecError: if the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".headrace-init-", dir=folder) as made:
            beside = pathlib.Path(made)
            for name, text in texts.items():
                (beside / name).write_text(text, encoding="utf-8")
            spec_of.load(beside / SPEC_FILE)
            _replace(beside, folder, list(texts))
    except OSError as error:
        raise SpecError(
            [f"{folder}: cannot be written: {error.strerror}. Name another with --output"]
        ) from None


def _replace(made: pathlib.Path, folder: pathlib.Path, names: list[str]) -> None:
    """Moves the files over; when one fails, what was there before comes back."""
    before = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    moved: list[str] = []
    try:
        for name in names:
            (made / name).replace(folder / name)
            moved.append(name)
    except OSError:
        with contextlib.suppress(OSError):
            for name in moved:
                _restore(folder / name, before.get(name))
        raise


def _restore(path: pathlib.Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
