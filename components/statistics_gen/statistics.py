"""What TFDV counts of record batches, in parts that merge: on any number of workers."""

import os
from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import pyarrow as pa
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_data_validation.statistics.generators.top_k_uniques_sketch_stats_generator import (
    TopKUniquesSketchStatsGenerator,
)
from tensorflow_data_validation.statistics.stats_options import StatsOptions
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.components.statistics_gen.executor import DEFAULT_FILE_NAME
from tfx.dsl.io import fileio

# Counted one by one, of each column: below so many distinct values, their number, their counts and
# the most frequent are exact; beyond, estimates (K-Minimum Values, Misra-Gries) in bounded memory.
EXACT_VALUES = 16_384

Accumulator = list[Any]  # of each generator


class Statistics(beam.CombineFn):
    """Record batches -> the DatasetFeatureStatisticsList of all their rows."""

    def __init__(self, options: StatsOptions):
        """Takes TFDV's options, as far as a generator that merges knows them."""
        self._generators = [
            _sketches(options) if isinstance(one, TopKUniquesSketchStatsGenerator) else one
            for one in stats_impl.get_generators(options, in_memory=True)
        ]

    def setup(self) -> None:
        """Loads what the generators need on a worker."""
        for generator in self._generators:
            generator.setup()

    def create_accumulator(self) -> Accumulator:
        """Nothing counted."""
        return [generator.create_accumulator() for generator in self._generators]

    def add_input(self, accumulator: Accumulator, batch: pa.RecordBatch) -> Accumulator:
        """With the rows of a batch."""
        return [
            generator.add_input(part, batch)
            for generator, part in zip(self._generators, accumulator, strict=True)
        ]

    def merge_accumulators(self, accumulators: Iterable[Accumulator]) -> Accumulator:
        """The sum of several."""
        return [
            generator.merge_accumulators(parts)
            for generator, *parts in zip(self._generators, *accumulators, strict=True)
        ]

    def compact(self, accumulator: Accumulator) -> Accumulator:
        """Smaller, to be sent."""
        return [
            generator.compact(part)
            for generator, part in zip(self._generators, accumulator, strict=True)
        ]

    def extract_output(
        self, accumulator: Accumulator
    ) -> statistics_pb2.DatasetFeatureStatisticsList:
        """The statistics, features by name: SchemaGen writes them in this order."""
        found = stats_impl.extract_statistics_output(accumulator, self._generators)
        for dataset in found.datasets:
            dataset.features.sort(key=lambda feature: list(feature.path.step))
        return found


def _sketches(options: StatsOptions) -> TopKUniquesSketchStatsGenerator:
    """TFDV's own, with sketches as large for frequencies (1,024 values) as for distinct values."""
    return TopKUniquesSketchStatsGenerator(
        schema=options.schema,
        example_weight_map=options.example_weight_map,
        num_top_values=options.num_top_values,
        num_rank_histogram_buckets=options.num_rank_histogram_buckets,
        frequency_threshold=options.frequency_threshold,
        weighted_frequency_threshold=options.weighted_frequency_threshold,
        num_misragries_buckets=EXACT_VALUES,
        num_kmv_buckets=EXACT_VALUES,
    )


def write(named: tuple[str, statistics_pb2.DatasetFeatureStatisticsList], uri: str) -> None:
    """Writes the statistics of a split, where TFX's components look for them."""
    split, found = named
    folder = os.path.join(uri, f"Split-{split}")
    fileio.makedirs(folder)
    with fileio.open(os.path.join(folder, DEFAULT_FILE_NAME), "wb") as file:
        file.write(found.SerializeToString())
