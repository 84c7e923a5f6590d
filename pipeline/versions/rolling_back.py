"""`headrace rollback`: makes an earlier version the current one, in one step."""

from collections.abc import Mapping

import pydantic
from rich.console import Console

from components.pusher import manifest as manifests
from components.pusher.place import Place
from modules.errors import SpecError
from pipeline.console import say
from pipeline.versions.answering import answered
from pipeline.versions.checking import checked, checked_already
from pipeline.versions.places import place_of, told, version_of, versions_of


class RolledBack(pydantic.BaseModel):
    """The one JSON object of `headrace rollback --json`."""

    place: str
    version: int  # the new one, which is current now
    restores: int  # the earlier one, whose files it has
    was: int  # current until now; it stays


def rollback_command(given: str | None, where: str | None, as_json: bool) -> int:
    """Makes an earlier version the current one."""
    return answered(as_json, lambda: rolled_back(place_of(where), given), _show)


def rolled_back(there: Place, given: str | None) -> RolledBack:
    """Puts the files of an earlier version under a new number, the highest: that one is served.

    Args:
        there: where the versions are.
        given: a version; None: the one that was served before the current one.

    Raises:
        SpecError: if there is no such version, or none before the current one.
        VersionError: if it is damaged, or does not answer.
        OSError: if it cannot be written; nothing is changed then.
    """
    known = versions_of(there)
    restored = {each: manifests.restored(there.manifest(each)) for each in known}
    current = known[-1]
    if given is None:
        target = before(restored)
        if target is None:
            raise SpecError([_first(there, known, restored)])
    else:
        target = version_of(there, known, given)
    origin = served(restored, target)
    if origin == served(restored, current):
        as_what = f", as {current}" if origin != current else ""
        raise SpecError([f"{told(there)}: version {origin} is served already{as_what}"])
    source = origin if origin in restored else target  # the same files, unless somebody removed it
    with checked(there, source) as (folder, manifest):
        new = manifest.model_copy(update={"restores": origin})
        version = there.put(folder, new, checked_already)
    return RolledBack(place=told(there), version=version, restores=origin, was=current)


def served(restored: Mapping[int, int | None], version: int) -> int:
    """The version whose files a version has: itself, unless it is of a rollback."""
    found = restored[version]
    return version if found is None else found


def before(restored: Mapping[int, int | None]) -> int | None:
    """The version that was served before what the current one serves; None if there is none.

    A rollback counts as the version that it goes back to, so that another one goes further back.

    Args:
        restored: by version, the one whose files it has again, if it is of a rollback.
    """
    now = served(restored, max(restored))
    return max((each for each in restored if each < now), default=None)


def _first(there: Place, known: list[int], restored: Mapping[int, int | None]) -> str:
    current = known[-1]
    now = served(restored, current)
    as_what = f" (as {current})" if now != current else ""
    others = [str(each) for each in reversed(known) if restored[each] is None and each != now]
    mend = f"Give one to go to: {', '.join(others)}" if others else "There is no other"
    return f"{told(there)}: serves {now}{as_what}, and has no version before it. {mend}"


def _show(console: Console, done: RolledBack) -> None:
    say(console, f"{done.place} serves version {done.restores} again, as {done.version}", "bold")
    say(console, f"{done.was}, which was served until now, stays: `headrace rollback {done.was}`")
