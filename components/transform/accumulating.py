"""What the analyzers of a preprocessing function gather of rows, in parts that merge."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
from tfx_bsl.public import tfxio

from components.transform.graph import Graph

Accumulators = dict[str, Any]  # by the label of the analyzer


@dataclasses.dataclass(frozen=True)
class Gathering:
    """An analyzer's part that sees rows."""

    combiner: Any  # of TFT's: create_accumulator, add_input, merge_accumulators
    keys: Sequence[str]  # of the tensors that it takes


class Counts:
    """A combiner that counts tokens."""

    def create_accumulator(self) -> collections.Counter[bytes]:
        """No tokens."""
        return collections.Counter()

    def add_input(
        self, counts: collections.Counter[bytes], tensors: tuple[np.ndarray]
    ) -> collections.Counter[bytes]:
        """With the tokens of a tensor."""
        (tokens,) = tensors
        found = pa.array(tokens.ravel(), pa.binary()).value_counts()
        values, numbers = (found.field(name).to_pylist() for name in ("values", "counts"))
        counts.update(dict(zip(values, numbers, strict=True)))
        return counts

    def merge_accumulators(
        self, parts: Iterable[collections.Counter[bytes]]
    ) -> collections.Counter[bytes]:
        """The sum of several."""
        total: collections.Counter[bytes] = collections.Counter()
        for part in parts:
            total.update(part)
        return total


class Accumulate(beam.CombineFn):
    """Record batches -> the accumulators of all analyzers that a saved graph has the inputs of.

    The graph runs once for all of them, on a batch as it comes.
    """

    def __init__(
        self,
        saved_model: str,
        config: tfxio.TensorAdapterConfig,
        gatherings: Mapping[str, Gathering],
    ):
        """Takes the graph's folder, how it takes rows, and the analyzers by label."""
        self._saved_model = saved_model
        self._config = config
        self._gatherings = gatherings
        self._graph: Graph | None = None

    def create_accumulator(self) -> Accumulators:
        """Nothing gathered."""
        return {
            label: gathering.combiner.create_accumulator()
            for label, gathering in self._gatherings.items()
        }

    def add_input(self, accumulators: Accumulators, batch: pa.RecordBatch) -> Accumulators:
        """With the rows of a batch."""
        if self._graph is None:  # not in setup: merging needs none
            self._graph = Graph(self._saved_model, self._config)
        tensors = {name: np.asarray(tensor) for name, tensor in self._graph(batch).items()}
        return {
            label: gathering.combiner.add_input(
                accumulators[label], tuple(tensors[key] for key in gathering.keys)
            )
            for label, gathering in self._gatherings.items()
        }

    def merge_accumulators(self, parts: Iterable[Accumulators]) -> Accumulators:
        """The sum of several."""
        parts = list(parts)
        return {
            label: gathering.combiner.merge_accumulators([part[label] for part in parts])
            for label, gathering in self._gatherings.items()
        }

    def extract_output(self, accumulators: Accumulators) -> Accumulators:
        """The accumulators: what they say is worked out where they are used."""
        return accumulators
