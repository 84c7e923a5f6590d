"""How values are distributed, by TFDV's statistics, and how far two distributions are apart."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2

_STANDARD = statistics_pb2.Histogram.STANDARD  # ranges of one width
QUANTILES = statistics_pb2.Histogram.QUANTILES  # ranges of as many values
_KINDS = (_STANDARD, QUANTILES)
_LEAST = 1e-4  # share that PSI takes for one of nothing, as 1 / 0 has no logarithm


@dataclasses.dataclass(frozen=True)
class Distance:
    """How far a distribution is from another."""

    l_infinity: float  # the largest difference of one share, 0 to 1
    jensen_shannon: float  # divergence to base 2, 0 to 1
    psi: float  # population stability index, 0 or more; over 0.25 is a large shift


@dataclasses.dataclass(frozen=True)
class Shares:
    """The share of values that are at most some number; between two known ones, in a line."""

    at: np.ndarray  # numbers, ascending; one that has a share of its own is there twice
    share: np.ndarray

    @staticmethod
    def of(
        stats: statistics_pb2.NumericStatistics, kinds: Sequence[int] = _KINDS
    ) -> "Shares | None":
        """From TFDV's histograms of some kinds; None if there is none, or no value is finite.

        Together they tell the most: ranges of one width have the tails, and those of as many
        values what lies close together, or is one number.
        """
        known = [part for part in (_known(stats, kind) for kind in kinds) if part is not None]
        if not known:
            return None
        at, share = np.concatenate(known, axis=1)
        order = np.lexsort((share, at))
        return Shares(at[order], np.maximum.accumulate(share[order]))

    def up_to(self, numbers: np.ndarray) -> np.ndarray:
        """The share of values that are at most each number."""
        last = np.searchsorted(self.at, numbers, side="right") - 1
        low, high = np.clip(last, 0, None), np.clip(last + 1, None, len(self.at) - 1)
        width = self.at[high] - self.at[low]
        part = np.divide(numbers - self.at[low], width, out=np.zeros(len(numbers)), where=width > 0)
        inside = self.share[low] + part * (self.share[high] - self.share[low])
        return np.where(last < 0, 0.0, inside)

    def between(self, edges: np.ndarray) -> np.ndarray:
        """The share of values in each range; what lies outside is in the first or the last."""
        inner = self.up_to(edges[1:-1])
        return np.diff(np.concatenate([[0.0], inner, [1.0]]))


def _known(stats: statistics_pb2.NumericStatistics, kind: int) -> np.ndarray | None:
    """Numbers, ascending, and the share of values that are at most each, `(2, points)`."""
    found = next((each for each in stats.histograms if each.type == kind), None)
    buckets = [
        each
        for each in (found.buckets if found else ())
        if np.isfinite(each.low_value) and np.isfinite(each.high_value)
    ]
    total = sum(each.sample_count for each in buckets)
    if not total:
        return None
    at, share, below = [], [], 0.0
    for each in buckets:
        at += [each.low_value, each.high_value]
        share += [below / total, (below + each.sample_count) / total]
        below += each.sample_count
    return np.array([np.maximum.accumulate(at), share])


def ranges(of_splits: Sequence[Shares], count: int) -> np.ndarray:
    """Edges of ranges of one width that hold all values of several splits."""
    low = min(float(each.at[0]) for each in of_splits)
    high = max(float(each.at[-1]) for each in of_splits)
    return np.linspace(low, high if high > low else low + 1, count + 1)


def of_numbers(old: Shares, new: Shares) -> Distance:
    """The distance of two columns of numbers.

    By the shares of the ranges that hold a tenth of the old each, and of what lies beyond them.
    """
    known = np.array(sorted(set(old.at.tolist())))
    below = np.nextafter(known[0], -np.inf)
    edges = np.concatenate([[-np.inf, below], known, [np.inf]])
    return _distance(old.between(edges), new.between(edges))


def of_texts(old: Mapping[str, float], new: Mapping[str, float]) -> Distance:
    """The distance of two columns of text, by the shares of their most frequent values."""
    names = list(dict.fromkeys([*old, *new]))
    pairs = []
    for shares in (old, new):
        known = [shares.get(name, 0.0) for name in names]
        pairs.append(np.array([*known, max(0.0, 1 - sum(known))]))
    return _distance(*pairs)


def _distance(old: np.ndarray, new: np.ndarray) -> Distance:
    middle = (old + new) / 2
    floor_old, floor_new = np.maximum(old, _LEAST), np.maximum(new, _LEAST)
    return Distance(
        l_infinity=float(np.max(np.abs(new - old))),
        jensen_shannon=max(0.0, (_divergence(old, middle) + _divergence(new, middle)) / 2),
        psi=float(np.sum((floor_new - floor_old) * np.log(floor_new / floor_old))),
    )


def _divergence(of: np.ndarray, against: np.ndarray) -> float:
    """Kullback and Leibler's, to base 2."""
    there = of > 0
    return float(np.sum(of[there] * np.log2(of[there] / against[there])))
