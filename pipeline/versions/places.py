"""Which place a command means, and which of its versions."""

import pathlib
from collections.abc import Iterator, Sequence

from components.pusher.folder import Folder
from components.pusher.place import Place, place
from components.pusher.store import is_store
from modules.errors import SpecError, did_you_mean
from pipeline.console import near
from pipeline.history.folder import DEFAULT as RUNS
from pipeline.history.folder import SERVING
from pipeline.local.requesting import Order, requested

_NAMED = 5  # places or versions that a message names


def place_of(given: str | None) -> Place:
    """The place that was given: a folder, a place in an object store, or what a spec pushes to.

    Args:
        given: None: `runs/serving` in the current folder.

    Raises:
        SpecError: if there is no such folder, or the spec is not usable.
        OSError: if the store cannot be used.
    """
    if given is None:
        given = f"{RUNS}/{SERVING}"
    if is_store(given):
        return store_of(given)
    path = path_of(given)
    if path.suffix == ".toml":
        path = pathlib.Path(requested(path, Order())[1].serving)
    if not path.is_dir():
        what = "is no folder" if path.exists() else "no such folder"
        raise SpecError([f"{near(path)}: {what}. {_mend(path)}"])
    return Folder(path)


def store_of(given: str) -> Place:
    """A place in an object store.

    Raises:
        SpecError: if it names no bucket.
    """
    if not given.partition("://")[2].strip("/"):
        raise SpecError(
            [f"{given}: names no bucket, expected {given.partition('://')[0]}://BUCKET/PATH"]
        )
    return place(given)


def path_of(given: str) -> pathlib.Path:
    """A path of this machine.

    Raises:
        SpecError: if it is empty, which a variable of the shell may be by mistake.
    """
    if not given.strip():
        raise SpecError([f"got {given!r} for a PLACE, expected a folder, a URI or a spec"])
    return pathlib.Path(given).absolute()


def versions_of(there: Place) -> list[int]:
    """Its versions, in order.

    Raises:
        SpecError: if there are none.
    """
    found = there.versions()
    if not found:
        mend = _mend(there.path) if isinstance(there, Folder) else _PUSHES
        raise SpecError([f"{told(there)}: has no versions. {mend}"])
    return found


def version_of(there: Place, known: Sequence[int], given: str | None) -> int:
    """The version that was given; the current one, if none was.

    Raises:
        SpecError: if there is no such version.
    """
    if given is None:
        return known[-1]
    names = [str(version) for version in reversed(known)]
    if given in names:
        return int(given)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    raise SpecError(
        [
            f"no version {given!r} in {told(there)}, which has {', '.join(names[:_NAMED])}{more}"
            f"{did_you_mean(given, names)}"
        ]
    )


def told(there: Place) -> str:
    """The place as one would type it here."""
    return str(near(there.path)) if isinstance(there, Folder) else there.uri


_PUSHES = "`headrace run SPEC` pushes a model that is blessed"


def _mend(path: pathlib.Path) -> str:
    """What to give instead: folders below this one, or the current one, that have versions."""
    start = path if path.is_dir() else pathlib.Path.cwd()
    found = [str(near(each)) for each in _below(start)]
    if not found:
        return _PUSHES
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"Give one of {', '.join(found[:_NAMED])}{more}"


def _below(start: pathlib.Path) -> Iterator[pathlib.Path]:
    """Folders of versions: in this folder, in its runs, and in those one or two levels below."""
    for pattern in (SERVING, f"{RUNS}/{SERVING}", f"*/{RUNS}/{SERVING}", f"*/*/{RUNS}/{SERVING}"):
        yield from (each for each in sorted(start.glob(pattern)) if Folder(each).versions())
