"""Removes what is not needed, so that a kill at any moment leaves nothing that is taken for whole.

First nothing can be found any more: the cache forgets, then ML Metadata does, in one transaction.
Then each file or folder is moved aside, at once and whole, and what was moved is deleted. Whatever
a kill leaves, the next gc finds.
"""

import itertools
import pathlib
import shutil
import tempfile
from collections.abc import Iterable, Sequence

from pipeline.history.folder import OF_A_RUN
from pipeline.history.gc import metadata
from pipeline.history.gc.leftovers import REMOVING, Leftover
from pipeline.history.gc.metadata import Removal


def remove(runs: pathlib.Path, found: Sequence[Leftover], removal: Removal) -> None:
    """Removes leftovers and rows; the caller holds the lock.

    Raises:
        OSError: if a file cannot be removed.
        SpecError: if the database cannot be used.
    """
    for each in found:
        if each.kind == "cache":
            each.path.unlink()
    if removal:
        metadata.prune(runs, removal)
    aside = pathlib.Path(tempfile.mkdtemp(prefix=REMOVING, dir=runs))
    names = (str(number) for number in itertools.count())
    for each in found:
        if each.kind == "run":
            _move_run(each.path, aside / next(names))
        elif each.kind not in ("cache", "removed", "unknown"):
            each.path.rename(aside / next(names))
    for folder in (*(each.path for each in found if each.kind == "removed"), aside):
        shutil.rmtree(folder)


def _move_run(folder: pathlib.Path, aside: pathlib.Path) -> None:
    """Moves what a run wrote; files of others stay where they are, and so does their folder."""
    known = [folder / name for name in OF_A_RUN]
    if _only(known, folder.iterdir()):
        folder.rename(aside)
        return
    aside.mkdir()
    for path in known:  # the request first: without it nobody goes on with the run
        if path.exists() or path.is_symlink():
            path.rename(aside / path.name)


def _only(known: Sequence[pathlib.Path], there: Iterable[pathlib.Path]) -> bool:
    return set(there).issubset(known)
