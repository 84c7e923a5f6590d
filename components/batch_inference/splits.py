"""Splits of Examples, scored, as Parquet: what Beam's workers do for BatchInference.

Every worker process imports this module, so TFX stays out of it.
"""

import os
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa

from components.columns import values
from modules.errors import did_you_mean


def keeping(
    element: tuple[str, pa.RecordBatch], keep: Sequence[str]
) -> tuple[str, pa.RecordBatch, dict[str, pa.Array]]:
    """(split, batch) -> (split, batch, columns that are kept, as text).

    Raises:
        ValueError: if a column is not there.
    """
    split, batch = element
    names = batch.schema.names
    for name in keep:
        if name not in names:
            raise ValueError(  # to whose text Beam can add where it was
                f"BatchInference.keep: no column {name!r} in the Examples. "
                f"Columns: {', '.join(names)}{did_you_mean(name, names)}"
            )
    # The bytes of tf.Examples are UTF-8 text.
    return split, batch, {name: values(batch, name).cast(pa.string()) for name in keep}


class Write(beam.PTransform):
    """(split, record batch) -> the Parquet files of one split, which appear when all is scored."""

    def __init__(self, split: str, folder: str, schema: pa.Schema):
        """Takes the split, where its files go, and their columns."""
        super().__init__()
        self._split, self._folder, self._schema = split, folder, schema

    def expand(self, scored: Any) -> Any:
        """Beam's entry."""
        split = self._split  # the step alone, not the whole transform, goes to workers
        return (
            scored
            | beam.Filter(lambda element: element[0] == split)
            | beam.Values()
            | beam.Map(lambda batch: pa.Table.from_batches([batch]))
            | beam.io.WriteToParquetBatched(
                os.path.join(self._folder, self._split),
                self._schema,
                codec="zstd",
                file_name_suffix=".parquet",
            )
        )
