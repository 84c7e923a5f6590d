"""The run before, with which a run is compared."""

import dataclasses
import pathlib
from collections.abc import Iterator

from pipeline.history import statistics
from pipeline.history.comparing import Comparison, comparison
from pipeline.history.folder import ids
from pipeline.history.past import Past, read
from pipeline.history.statistics import Splits
from pipeline.report.facts.sources import Absent, Output, outputs_of

_PREVIOUS = 50  # earlier runs that are looked at


@dataclasses.dataclass(frozen=True)
class Earlier:
    """The data of another run."""

    run: str
    splits: Splits


def since(run: Past) -> Comparison | Absent:
    """What differs from the latest run of the same pipeline that came to a verdict."""
    for other in _older(run):
        if other.standing in ("blessed", "not_blessed"):
            return comparison(other, run)
    return Absent("no earlier run of this pipeline has come to a verdict")


def of_run(run: Past, against: Past | None) -> Earlier | Absent:
    """The data that a run is compared with.

    Args:
        run: the run.
        against: None: the latest earlier run of the same pipeline that has statistics.
    """
    other = against or _previous(run)
    if isinstance(other, Absent):
        return other
    found = _statistics(other)
    return Earlier(other.id, {} if isinstance(found, Absent) else statistics.splits(found))


def _previous(run: Past) -> Past | Absent:
    """The run whose data is the latest before, or why there is none."""
    found = _statistics(run)
    if isinstance(found, Absent):
        return found
    for past in _older(run):
        folder = _statistics(past)
        if folder == found:
            return Absent(f"the data is that of run {past.id}: it has not changed")
        if not isinstance(folder, Absent):
            return past
    return Absent("no earlier run of this pipeline has statistics to compare with")


def _older(run: Past) -> Iterator[Past]:
    """Earlier runs of the same pipeline, the latest first."""
    names = [name for name in ids(run.folder.parent) if name < run.id]
    for name in names[:_PREVIOUS]:
        past = read(run.folder.parent / name, None)
        if past.pipeline == run.pipeline:
            yield past


def _statistics(run: Past) -> pathlib.Path | Absent:
    return outputs_of(run)(Output.STATISTICS)
