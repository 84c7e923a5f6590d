"""`headrace versions`: what was pushed to a place, the newest first."""

import datetime

import pydantic
from rich.console import Console

from components.pusher.manifest import Manifest
from components.pusher.place import Place
from pipeline.history.columns import Cell, figures, print_columns
from pipeline.metrics import HEADLINE
from pipeline.versions.answering import answered
from pipeline.versions.places import place_of, versions_of

_TITLES = ("VERSION", "WHEN", "", "RUN", "METRIC", "VERDICT", "ORIGIN")


class Version(pydantic.BaseModel):
    """A version; without a manifest, others than we have pushed it."""

    version: int
    current: bool  # whether it is served
    headline: dict[str, float]  # the metric by which models of its task are told apart
    manifest: Manifest | None


class Listing(pydantic.BaseModel):
    """The one JSON object of `headrace versions --json`."""

    place: str
    current: int
    versions: list[Version]  # the newest first


def versions_command(given: str | None, as_json: bool) -> int:
    """Prints the versions of a place."""
    return answered(as_json, lambda: listing(place_of(given)), _show)


def listing(there: Place) -> Listing:
    """The versions of a place, the newest first."""
    known = versions_of(there)
    return Listing(
        place=there.uri,
        current=known[-1],
        versions=[_version(there, each, each == known[-1]) for each in reversed(known)],
    )


def _version(there: Place, number: int, current: bool) -> Version:
    manifest = there.manifest(number)
    return Version(version=number, current=current, headline=_headline(manifest), manifest=manifest)


def _headline(manifest: Manifest | None) -> dict[str, float]:
    metrics = manifest.verdict.metrics if manifest and manifest.verdict else {}
    found = {name: value for name, value in metrics.items() if value is not None}
    name = next((each for each in HEADLINE.values() if each in found), next(iter(found), None))
    return {name: found[name]} if name else {}


def _show(console: Console, told: Listing) -> None:
    titles: list[Cell] = [(title, "dim") for title in _TITLES]
    print_columns(console, [titles, *(_cells(each) for each in told.versions)])


def _cells(one: Version) -> list[Cell]:
    manifest = one.manifest or Manifest()
    verdict = manifest.verdict
    pushed = manifest.pushed or datetime.datetime.fromtimestamp(_seconds(one), datetime.UTC)
    return [
        str(one.version),
        f"{pushed.astimezone():%Y-%m-%d %H:%M}",
        ("current", "green") if one.current else "",
        manifest.run or "-",
        figures(one.headline) or "-",
        verdict.sentence if verdict else "-",
        _origin(one.manifest),
    ]


def _seconds(one: Version) -> int:
    """The number of a version is the time, unless others have given it."""
    return one.version if one.version < 10**10 else 0


def _origin(manifest: Manifest | None) -> str:
    if manifest is None:
        return "has no manifest: pushed by others"
    said = []
    if manifest.restores is not None:
        said.append(f"restores {manifest.restores}")
    if manifest.promoted_from:
        said.append(f"{manifest.promoted_from.version} of {manifest.promoted_from.place}")
    return ", ".join(said)
