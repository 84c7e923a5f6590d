"""Rows that stand for all that are judged, with what the candidate says of them."""

import dataclasses
from collections.abc import Iterable

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.columns import values
from components.evaluator.scoring import Answers, Scored
from components.evaluator.wrong import losses
from components.hashing import fractions
from modules.spec.learning import Interface

ROWS = 5_000
_SEED = 0


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows, and what a model says of them."""

    features: pa.Table  # float32 or binary, a value or null a cell
    answers: Answers

    def __len__(self) -> int:
        return self.features.num_rows

    def take(self, places: np.ndarray) -> "Rows":
        """Some of them."""
        return Rows(self.features.take(pa.array(places)), self.answers.take(places))


@dataclasses.dataclass(frozen=True)
class Sampled:
    """Different rows, and how often each was met."""

    hashes: np.ndarray  # float64 `(rows,)` in [0, 1), ascending
    counts: np.ndarray  # int64 `(rows,)`
    rows: Rows

    def draw(self, most: int) -> Rows:
        """At most so many rows, each as often as its count asks for.

        It is a systematic sample: every so manieth row, in the order of their hashes (Madow and
        Madow 1944, "On the Theory of Systematic Sampling").
        """
        total = int(self.counts.sum())
        drawn = min(most, total)
        places = np.arange(drawn) * total // drawn
        return self.rows.take(np.searchsorted(np.cumsum(self.counts), places, side="right"))


class Sample(beam.CombineFn):
    """`Scored` batches -> `Sampled`; None of no rows that have a label and a weight.

    The different rows with the smallest hashes are kept, and how often each is there: a uniform
    sample, whatever the order of rows and batches (Cohen and Kaplan 2007, "Summarizing Data Using
    Bottom-k Sketches"). Where there are few different rows, it is all of them.
    """

    def __init__(self, model: str, interface: Interface, rows: int = ROWS) -> None:
        """Takes the name of the model, what it takes, and how many different rows are kept."""
        self._model, self._interface, self._most = model, interface, rows

    def create_accumulator(self) -> Sampled | None:
        """Beam's: no rows."""
        return None

    def add_input(self, kept: Sampled | None, scored: Scored) -> Sampled | None:
        """Beam's: what is kept of a sample and a batch."""
        answers = scored.models[self._model]
        features = pa.table(
            {
                name: values(scored.batch, name).cast(
                    pa.float32() if kind == "number" else pa.binary()
                )
                for name, kind in self._interface.columns.items()
            }
        )
        hashes = _hashes(features, answers)
        is_full = kept is not None and len(kept.hashes) == self._most
        bound = kept.hashes[-1] if kept is not None and is_full else 1.0
        places = np.flatnonzero((hashes <= bound) & self._counts(answers))
        if not len(places):
            return kept
        ones = np.ones(len(places), np.int64)
        found = Sampled(hashes[places], ones, Rows(features, answers).take(places))
        return self.merge_accumulators([kept, found])

    def _counts(self, answers: Answers) -> np.ndarray:
        """Whether a row says how good the model is."""
        known = np.isfinite(losses(self._interface.label, answers))
        return known if answers.weights is None else known & (answers.weights > 0)

    def merge_accumulators(self, accumulators: Iterable[Sampled | None]) -> Sampled | None:
        """Beam's: what is kept of several samples."""
        parts = [each for each in accumulators if each is not None]
        if not parts:
            return None
        hashes, first, which = np.unique(
            np.concatenate([each.hashes for each in parts]), return_index=True, return_inverse=True
        )
        # Counts are exact: a row that is kept now was among the smallest of each part.
        counts = np.bincount(which, np.concatenate([each.counts for each in parts]))
        rows = _joined([each.rows for each in parts]).take(first[: self._most])
        return Sampled(hashes[: self._most], counts[: self._most].astype(np.int64), rows)

    def extract_output(self, kept: Sampled | None) -> Sampled | None:
        """Beam's."""
        return kept


def _hashes(features: pa.Table, answers: Answers) -> np.ndarray:
    """A number in [0, 1) a row; rows that are alike to a model and its judge have the same."""
    numbers = [answers.labels, *([] if answers.weights is None else [answers.weights])]
    told = [pa.array(each.astype(np.float64)) for each in numbers]
    return fractions([*(each.combine_chunks() for each in features.columns), *told], _SEED)


def _joined(parts: list[Rows]) -> Rows:
    weights = [each.answers.weights for each in parts if each.answers.weights is not None]
    return Rows(
        pa.concat_tables([each.features for each in parts]),
        Answers(
            np.concatenate([each.answers.labels for each in parts]),
            np.concatenate([each.answers.predictions for each in parts]),
            np.concatenate(weights) if weights else None,
        ),
    )
