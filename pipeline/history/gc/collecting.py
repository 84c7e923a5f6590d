"""What a gc removes and what it leaves, as one answer."""

import dataclasses
import pathlib
from collections.abc import Sequence

import pydantic

from pipeline.history.folder import ids, time_of
from pipeline.history.gc import metadata
from pipeline.history.gc.keeping import Kept, kept
from pipeline.history.gc.leftovers import Leftover, leftovers
from pipeline.history.gc.metadata import Metadata, Removal
from pipeline.history.gc.removing import remove
from pipeline.history.past import Past, Standing, read


class KeptRun(pydantic.BaseModel):
    """A run that stays."""

    run: str
    verdict: Standing
    why: str


class GoneRun(pydantic.BaseModel):
    """A run that goes."""

    run: str
    verdict: Standing
    bytes: int  # of its own folder; outputs are shared among runs


class Collected(pydantic.BaseModel):
    """The one JSON object of `headrace gc --json`."""

    folder: str
    removed: bool  # False: it would be
    bytes: int
    runs: list[GoneRun]
    kept: list[KeptRun]
    leftovers: list[Leftover]  # all that goes, folders of runs included
    executions: int  # rows in ML Metadata
    artifacts: int  # rows in ML Metadata
    unknown: list[pathlib.Path]  # what is not ours, and stays
    others: list[str]  # runs in ML Metadata that are not ours: they stay with all their outputs


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is there, what stays, and what goes."""

    runs: pathlib.Path
    every: Sequence[Past]
    known: Metadata
    kept: Kept
    found: Sequence[Leftover]
    removal: Removal


def collect(runs: pathlib.Path, keep: int, really: bool) -> Collected:
    """What is not needed, removed if that is really meant; the caller holds the lock."""
    plan = _plan(runs, keep)
    if really:
        remove(runs, plan.found, plan.removal)
    return _collected(plan, really)


def _plan(runs: pathlib.Path, keep: int) -> Plan:
    every = [read(runs / run, None) for run in ids(runs)]
    known = metadata.read(runs)
    staying = kept(runs, every, keep, known)
    removal = metadata.removal(
        known,
        staying.executions,
        staying.artifacts,
        known.runs.union(run.id for run in every) - staying.runs.keys(),
    )
    return Plan(runs, every, known, staying, leftovers(runs, staying, known), removal)


def _collected(plan: Plan, really: bool) -> Collected:
    standings = {run.id: run.standing for run in plan.every}
    going = [each for each in plan.found if each.kind != "unknown"]
    return Collected(
        folder=str(plan.runs),
        removed=really,
        bytes=sum(each.bytes for each in going),
        runs=[
            GoneRun(
                run=each.path.name,
                verdict=standings.get(each.path.name, "died"),
                bytes=each.bytes,
            )
            for each in going
            if each.kind == "run"
        ],
        kept=[
            KeptRun(run=run, verdict=standings[run], why=why) for run, why in plan.kept.runs.items()
        ],
        leftovers=going,
        executions=len(plan.removal.executions),
        artifacts=len(plan.removal.artifacts),
        unknown=[each.path for each in plan.found if each.kind == "unknown"],
        others=sorted(run for run in plan.known.runs if not time_of(run)),
    )
