"""`headrace promote`: a version, checked and copied to another place."""

import pydantic
from rich.console import Console

from components.pusher.folder import Folder
from components.pusher.manifest import Origin
from components.pusher.place import Place
from components.pusher.store import is_store
from components.pusher.sums import digest
from modules.errors import SpecError
from pipeline.console import near, say
from pipeline.versions.answering import answered
from pipeline.versions.checking import checked, checked_already
from pipeline.versions.places import (
    path_of,
    place_of,
    store_of,
    told,
    version_of,
    versions_of,
)


class Promoted(pydantic.BaseModel):
    """The one JSON object of `headrace promote --json`."""

    origin: str
    promoted: int  # the version there
    place: str
    version: int  # the current one, here
    copied: bool  # False: this model was current already
    removed: list[int] = []  # versions that went for it


def promote_command(
    given: str | None, where: str | None, to: str, keep: int | None, as_json: bool
) -> int:
    """Copies a version to another place."""
    return answered(as_json, lambda: promoted(place_of(where), given, _target(to), keep), _show)


def promoted(there: Place, given: str | None, target: Place, keep: int | None) -> Promoted:
    """Checks a version and puts it elsewhere as a new version, unless it is current there.

    Args:
        there: where the version is.
        given: its number; None: the current one.
        target: where it goes.
        keep: how many versions stay there; None: all.

    Raises:
        SpecError: if there is no such version, or both places are one.
        VersionError: if it is damaged, or does not answer.
        OSError: if it cannot be written; what is served there stays.
    """
    if there.uri == target.uri:
        raise SpecError(
            [
                f"--to {told(target)}: is where the version is. `headrace rollback` "
                f"serves an earlier version of one place again"
            ]
        )
    version = version_of(there, versions_of(there), given)
    with checked(there, version) as (folder, manifest):
        before = target.versions()
        served = target.manifest(before[-1]) if before else None
        if served and manifest.files and digest(served.files) == digest(manifest.files):
            return Promoted(
                origin=told(there),
                promoted=version,
                place=told(target),
                version=before[-1],
                copied=False,
            )
        origin = Origin(place=there.uri, version=version)
        new = manifest.model_copy(update={"promoted_from": origin, "restores": None})
        made = target.put(folder, new, checked_already)
    return Promoted(
        origin=told(there),
        promoted=version,
        place=told(target),
        version=made,
        copied=True,
        removed=target.trim(keep) if keep else [],
    )


def _target(to: str) -> Place:
    """Where a version goes; a folder is made if need be.

    Raises:
        SpecError: if it is a file, or names nothing.
    """
    if is_store(to):
        return store_of(to)
    path = path_of(to)
    if path.exists() and not path.is_dir():
        raise SpecError([f"--to {near(path)}: is a file, expected a folder or {_STORE}"])
    return Folder(path)


_STORE = "a place in an object store, such as s3://bucket/flights"


def _show(console: Console, done: Promoted) -> None:
    if not done.copied:
        say(console, f"{done.place} serves this model already, as version {done.version}", "bold")
        return
    say(
        console,
        f"{done.place} serves version {done.promoted} of {done.origin}, as {done.version}",
        "bold",
    )
    if done.removed:
        say(console, f"Removed: {', '.join(map(str, done.removed))}")
