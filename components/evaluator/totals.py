"""The totals of every slice, added up by Beam."""

import io
import json
import zlib
from collections.abc import Iterable, Sequence

import apache_beam as beam
import numpy as np
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.evaluator.scoring import Scored
from components.evaluator.slicing import SliceKey, group
from components.evaluator.tallies import Tally

_WAITING = 1 << 16  # codes that are added up at once, at least


class Sums:
    """Sums of amounts by code: a slice's place times its cells, plus the cell.

    Only codes that something was added to take memory, however many rows were added.
    """

    def __init__(self) -> None:
        self._codes: list[np.ndarray] = []
        self._amounts: list[np.ndarray] = []
        self._settled = self._waiting = 0

    def add(self, codes: np.ndarray, amounts: np.ndarray) -> None:
        """Adds amounts `(n, width)` to the sums of their codes `(n,)`."""
        self._codes.append(codes)
        self._amounts.append(amounts)
        self._waiting += len(codes)
        # Once there is as much to add as there are sums: then adding all takes n log n.
        if self._waiting > max(self._settled, _WAITING):
            self.settled()

    def settled(self) -> tuple[np.ndarray, np.ndarray]:
        """The codes, in ascending order, and the sums of each, float64 `(codes, width)`."""
        if self._waiting:
            codes, places = np.unique(np.concatenate(self._codes), return_inverse=True)
            columns = np.concatenate(self._amounts).T
            sums = [np.bincount(places, column, len(codes)) for column in columns]
            self._codes, self._amounts = [codes], [np.stack(sums, axis=1)]
            self._settled, self._waiting = len(codes), 0
        if not self._codes:
            return np.zeros(0, np.int64), np.zeros((0, 0))
        return self._codes[0], self._amounts[0]


class Totals:
    """The sums of each tally over the rows of each slice."""

    def __init__(self, tallies: int) -> None:
        self.slices: dict[SliceKey, int] = {}  # and their places
        self.sums = [Sums() for _ in range(tallies)]

    def places(self, keys: Iterable[SliceKey]) -> np.ndarray:
        """The place of each slice; those that are new get the next ones."""
        found = [self.slices.setdefault(key, len(self.slices)) for key in keys]
        return np.array(found, np.int64)


class Total(beam.CombineFn):
    """`Scored` batches -> `Totals`."""

    def __init__(
        self, tallies: Sequence[Tally], slices: Sequence[tuple[str, ...]], samples: int = 0
    ):
        """Takes what is added up, and the columns that are crossed for each kind of slice.

        Each of the samples of the bootstrap has sums of its own, in columns beside those of the
        rows as they are: `(codes, (1 + samples) * width)`.
        """
        self._tallies = tallies
        self._slices = slices
        self._samples = samples

    def create_accumulator(self) -> Totals:
        """Beam's: no rows."""
        return Totals(len(self._tallies))

    def add_input(self, totals: Totals, batch: Scored) -> Totals:
        """Beam's: the totals with a batch."""
        rows, slices = [], []
        for names in self._slices:
            keys, members, places = group(batch.columns, names, batch.rows)
            rows.append(members)
            slices.append(totals.places(keys)[places])
        row, slice_ = np.concatenate(rows), np.concatenate(slices)
        drawn = resampled(batch, self._samples)
        for tally, sums in zip(self._tallies, totals.sums, strict=True):
            model = batch.models[tally.model]
            cells, amounts = tally.amounts(model.labels, model.predictions)
            if tally.weighted and model.weights is not None:
                with np.errstate(invalid="ignore"):  # 0 times infinity, as in TFMA
                    amounts = amounts * model.weights[:, np.newaxis]
            if self._samples:
                amounts = _in_samples(drawn, amounts)
            sums.add(slice_ * tally.cells + cells[row], amounts[row])
        return totals

    def merge_accumulators(self, accumulators: Iterable[Totals]) -> Totals:
        """Beam's: the totals of several."""
        merged = self.create_accumulator()
        for totals in accumulators:
            places = merged.places(totals.slices)
            for tally, sums, into in zip(self._tallies, totals.sums, merged.sums, strict=True):
                codes, amounts = sums.settled()
                if len(codes):
                    place, cell = np.divmod(codes, tally.cells)
                    into.add(places[place] * tally.cells + cell, amounts)
        return merged

    def extract_output(self, totals: Totals) -> Totals:
        """Beam's: the totals themselves."""
        for sums in totals.sums:
            sums.settled()
        return totals


def resampled(batch: Scored, samples: int) -> np.ndarray:
    """How often each row is in the batch, and in each sample: float64 `(rows, 1 + samples)`.

    In a sample, a row is there as often as a Poisson variable of mean 1 says (Chamandy et al.,
    "Estimating uncertainty for massive data streams", 2012). What is drawn follows from the rows,
    so that the same batch gives the same samples, wherever it is scored.
    """
    seed = 0
    for model in batch.models.values():
        for array in (model.labels, model.predictions):
            seed = zlib.crc32(np.ascontiguousarray(array).tobytes(), seed)
    drawn = np.random.default_rng(seed).poisson(1.0, (batch.rows, samples))
    return np.concatenate([np.ones((batch.rows, 1)), drawn], axis=1)


def _in_samples(drawn: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Amounts `(rows, width)` as often as they are drawn, `(rows, (1 + samples) * width)`."""
    times, once = drawn[:, :, np.newaxis], amounts[:, np.newaxis]
    # A row that is not in a sample adds nothing, even if its amount is infinite.
    several = np.multiply(times, once, where=times > 0, out=np.zeros((*drawn.shape, once.shape[2])))
    return several.reshape(len(drawn), -1)


def keep(totals: Totals, path: str) -> None:
    """Writes the totals to a file, for whoever started Beam."""
    arrays = {}
    for place, sums in enumerate(totals.sums):
        arrays[f"codes{place}"], arrays[f"amounts{place}"] = sums.settled()
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, slices=json.dumps([*totals.slices]), **arrays)
        file.write(content.getvalue())


def kept(path: str) -> Totals:
    """The totals that `keep` wrote to a file."""
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        found = np.load(io.BytesIO(file.read()), allow_pickle=False)
    totals = Totals(len(found) // 2)
    totals.places(tuple(map(tuple, key)) for key in json.loads(found["slices"].item()))
    for place, sums in enumerate(totals.sums):
        sums.add(found[f"codes{place}"], found[f"amounts{place}"])
    return totals
