"""What stays: runs, and all that they need."""

import dataclasses
import pathlib
from collections.abc import Iterable, Sequence

from components.pusher.folder import Folder
from components.pusher.manifest import restored
from pipeline.history.folder import SERVING, time_of
from pipeline.history.gc.metadata import Blessed, Execution, Metadata
from pipeline.history.past import Past
from pipeline.history.sizes import Place, artifact, place


@dataclasses.dataclass(frozen=True)
class Kept:
    """All that stays."""

    runs: dict[str, str]  # by run, why
    executions: frozenset[int]
    artifacts: frozenset[int]
    places: frozenset[Place]  # of artifacts
    checkpoints_since: float | None  # seconds since 1970; None: none are needed


def kept(runs: pathlib.Path, every: Sequence[Past], newest: int, metadata: Metadata) -> Kept:
    """All that stays.

    Args:
        runs: the folder.
        every: its runs, the newest first.
        newest: how many runs are asked to stay.
        metadata: what ML Metadata says of them.
    """
    blessed = _latest_blessed(runs, metadata)
    staying = _runs(every, newest, _blessing_runs(blessed, metadata))
    records = [made for run in every if run.id in staying for made in run.records.values()]
    outputs = [one for made in records for found in made.outputs.values() for one in found]
    artifacts = {one.id for one in outputs}
    artifacts |= {each for one in blessed for each in (one.model, one.blessing)}
    executions = {made.execution for made in records} & metadata.executions.keys()
    for number, execution in metadata.executions.items():
        if _is_foreign(execution):
            executions.add(number)
            artifacts |= execution.linked
        elif execution.runs & staying.keys():
            executions.add(number)
            artifacts |= execution.made
    executions |= {
        number
        for number, execution in metadata.executions.items()
        if execution.made & artifacts and not execution.is_cached
    }
    uris = [one.uri for one in outputs] + [metadata.uris.get(one, "") for one in artifacts]
    return Kept(
        runs=staying,
        executions=frozenset(executions),
        artifacts=frozenset(artifacts),
        places=frozenset(found for uri in uris if (found := place(uri))),
        checkpoints_since=_checkpoints_since(every, staying),
    )


def _runs(every: Sequence[Past], newest: int, blessed: Iterable[str]) -> dict[str, str]:
    """By run that stays, the first reason why, the newest first."""
    reasons = {
        "its model is served": _served(every),
        "its model is the latest that was blessed": list(blessed),
        "it can be resumed": _resumable(every),
        _newest(newest): [run.id for run in every[:newest]],
    }
    why: dict[str, str] = {}
    for reason, runs in reasons.items():
        for run in runs:
            why.setdefault(run, reason)
    return {run.id: why[run.id] for run in every if run.id in why}


def _newest(count: int) -> str:
    return f"it is among the newest {count}" if count > 1 else "it is the newest"


def _served(every: Sequence[Past]) -> list[str]:
    """Runs whose pushed version is there: the one that pushed it, or the newest that names it."""
    found: dict[str, str] = {}
    for run in every:
        if run.pushed and _is_there(run.pushed, run.folder.parent):
            pushers = [made.run for made in run.records.values() if made.finished.pushed]
            if run.pushed not in found or run.id in pushers:
                found[run.pushed] = run.id
    return list(found.values())


def _is_there(version: str, runs: pathlib.Path) -> bool:
    """Whether a version is where it was pushed to, or where the runs have been moved to.

    A rollback has its files, too, and is it as long as it is there.
    """
    path = pathlib.Path(version)
    return any(
        (folder.path / path.name).is_dir()
        or path.name in (str(restored(folder.manifest(each))) for each in folder.versions())
        for folder in (Folder(path.parent), Folder(runs / SERVING))
    )


def _resumable(every: Sequence[Past]) -> list[str]:
    """The latest run of each spec, if it was cut short."""
    latest: dict[str, Past] = {}
    for run in every:
        if run.request:
            latest.setdefault(run.request.spec_file, run)
    return [run.id for run in latest.values() if run.is_unfinished]


def _latest_blessed(runs: pathlib.Path, metadata: Metadata) -> list[Blessed]:
    """Of each pipeline, the model that the next one is compared with."""
    found: dict[int, Blessed] = {}
    for one in metadata.blessed:
        if artifact(runs, metadata.uris[one.model]):
            found.setdefault(one.pipeline, one)
    return list(found.values())


def _blessing_runs(blessed: Iterable[Blessed], metadata: Metadata) -> list[str]:
    """The runs that blessed these models."""
    blessings = {one.blessing for one in blessed}
    return [
        run
        for execution in metadata.executions.values()
        if execution.made & blessings and not execution.is_cached
        for run in execution.runs
    ]


def _is_foreign(execution: Execution) -> bool:
    """Whether others than `headrace run` have registered it: what they need we cannot know."""
    return not execution.runs or not all(time_of(run) for run in execution.runs)


def _checkpoints_since(every: Sequence[Past], staying: Iterable[str]) -> float | None:
    """When the first of the runs began whose checkpoints may be gone on with."""
    known = {run.id: run for run in every}
    begun = []
    for run in (known[name] for name in staying if known[name].is_unfinished):
        one: Past | None = run
        while one:  # a run that goes on with another has its checkpoints
            begun.append(one.begun or 0.0)
            earlier = one.request.resumes if one.request else None
            if earlier and earlier not in known:
                begun.append(0.0)
            one = known.get(earlier) if earlier and earlier < one.id else None
    return min(begun, default=None)
