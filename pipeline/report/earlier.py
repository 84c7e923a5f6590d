"""The run before, whose data the data of a run is compared with."""

import dataclasses
import pathlib

from pipeline.history import statistics
from pipeline.history.folder import ids
from pipeline.history.past import Past, read
from pipeline.history.statistics import Splits
from pipeline.report.sources import Absent, Output, outputs_of

_PREVIOUS = 50  # earlier runs that are looked at for statistics


@dataclasses.dataclass(frozen=True)
class Earlier:
    """The data of another run."""

    run: str
    splits: Splits


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
    older = [name for name in ids(run.folder.parent) if name < run.id]
    for name in older[:_PREVIOUS]:
        past = read(run.folder.parent / name, None)
        folder = _statistics(past)
        if past.pipeline != run.pipeline or isinstance(folder, Absent):
            continue
        if folder == found:
            return Absent(f"the data is that of run {past.id}: it has not changed")
        return past
    return Absent("no earlier run of this pipeline has statistics to compare with")


def _statistics(run: Past) -> pathlib.Path | Absent:
    return outputs_of(run)(Output.STATISTICS)
