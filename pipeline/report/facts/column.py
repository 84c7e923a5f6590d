"""A column of a split, as TFDV's statistics have it."""

import dataclasses
import math

from tensorflow_metadata.proto.v0 import statistics_pb2

from pipeline.report.facts.distributions import QUANTILES, Distance, Shares, of_numbers, of_texts

_TOP = 5  # values of a column of text that are shown
_COVERED = 0.5  # share of the rows whose values must be listed for two columns to be compared
_LONGEST = 60  # characters of a value that are shown


@dataclasses.dataclass(frozen=True)
class Column:
    """The values of a column in one split."""

    rows: int
    missing: float  # share of the rows
    distinct: int | None = None  # of text
    numbers: dict[str, float] = dataclasses.field(default_factory=dict)  # mean, min and such
    shares: Shares | None = None  # of numbers
    texts: dict[str, float] = dataclasses.field(default_factory=dict)  # and their shares

    @property
    def top(self) -> dict[str, float]:
        """The most frequent texts, as they fit on a page."""
        return {shortened(name): share for name, share in list(self.texts.items())[:_TOP]}


def read_column(stats: statistics_pb2.FeatureNameStatistics) -> Column:
    """The column that TFDV describes."""
    kind = stats.WhichOneof("stats")
    if kind is None:
        return Column(rows=0, missing=math.nan)
    found = getattr(stats, kind)
    common = found.common_stats
    rows = int(common.num_missing + common.num_non_missing)
    missing = common.num_missing / rows if rows else math.nan
    if kind == "num_stats" and common.num_non_missing:
        numbers = {
            "min": found.min,
            "median": found.median,
            "mean": found.mean,
            "max": found.max,
            "std dev": found.std_dev,
            "zeros": found.num_zeros / max(1, common.tot_num_values or common.num_non_missing),
        }
        return Column(rows, missing, numbers=numbers, shares=Shares.of(found))
    if kind == "string_stats":
        return Column(rows, missing, distinct=int(found.unique), texts=texts(stats))
    return Column(rows, missing)


def texts(stats: statistics_pb2.FeatureNameStatistics) -> dict[str, float]:
    """The most frequent values of a column of text and their shares, the most frequent first."""
    found = stats.string_stats
    common = found.common_stats
    total = common.tot_num_values or common.num_non_missing
    buckets = found.rank_histogram.buckets
    counts = [(each.label, each.sample_count) for each in buckets] or [
        (each.value, each.frequency) for each in found.top_values
    ]
    counts.sort(key=lambda each: -each[1])
    return {name: count / total for name, count in counts} if total else {}


def distance_of(
    old: statistics_pb2.FeatureNameStatistics, new: statistics_pb2.FeatureNameStatistics
) -> Distance | None:
    """How far the new values are from the old ones; None if they cannot be compared."""
    kind = old.WhichOneof("stats")
    if kind != new.WhichOneof("stats"):
        return None
    if kind == "num_stats":
        before = Shares.of(old.num_stats, [QUANTILES])
        after = Shares.of(new.num_stats, [QUANTILES])
        return of_numbers(before, after) if before and after else None
    if kind == "string_stats":
        known, now = texts(old), texts(new)
        # Where most values are of one row each, as moments are, their shares tell nothing.
        told = min(sum(known.values()), sum(now.values()))
        return of_texts(known, now) if told >= _COVERED else None
    return None


def shortened(text: str) -> str:
    """A value as it fits on a page."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
