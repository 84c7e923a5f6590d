"""Rows of a file through the transform graph, into a file of transformed rows.

Transformed examples are Parquet, TFX's payload format FORMAT_PARQUET: `Split-<split>/*.parquet`, a
file for each of the rows', zstd. A column is a `large_list<float32>` or `large_list<int64>` of the
width's number of values a row, as TFT's own converter makes it, so that TFX's ParquetTFXIO reads it
with the transformed schema; nothing is null.
"""

import os

import apache_beam as beam
import keras  # noqa: F401  before tensorflow_transform, which else turns tf.keras into Keras 2
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow_transform as tft
from tensorflow_transform import impl_helper
from tfx.dsl.io import fileio
from tfx_bsl.public import tfxio

from components.columns import as_lists
from components.transform.graph import Graph
from modules.progress import Rows

_ROWS = 32_768  # that go through the graph at once, and lie in a row group


class Apply(beam.DoFn):
    """(split, file of rows) -> a file in the split's folder."""

    def __init__(self, graph: str, config: tfxio.TensorAdapterConfig, uri: str):
        """Takes the URIs of a TransformGraph and of Examples, and how the graph takes rows."""
        self._uri_of_graph = graph
        self._config = config
        self._uri = uri

    def setup(self) -> None:
        """Loads the graph, once for many files."""
        output = tft.TFTransformOutput(self._uri_of_graph)
        self._graph = Graph(output.transform_savedmodel_dir, self._config)
        schema = output.transformed_metadata.schema
        self._progress = Rows("transformed")
        self._converter = impl_helper.make_tensor_to_arrow_converter(schema)

    def process(self, element: tuple[str, str]) -> None:
        """Writes one file."""
        split, path = element
        with fileio.open(path, "rb") as file:
            rows = pq.ParquetFile(pa.BufferReader(file.read()))
        content = pa.BufferOutputStream()
        with pq.ParquetWriter(
            content,
            self._converter.arrow_schema(),
            compression="zstd",
            compression_level=1,
            write_statistics=False,
            use_compliant_nested_type=False,  # else TFXIO takes the lists for another type
        ) as writer:
            for batch in rows.iter_batches(_ROWS, columns=self._config.arrow_schema.names):
                writer.write_batch(self._converter.convert(self._graph(as_lists(batch))))
                self._progress.add(batch.num_rows)
        folder = os.path.join(self._uri, f"Split-{split}")
        fileio.makedirs(folder)
        with fileio.open(os.path.join(folder, os.path.split(path)[1]), "wb") as file:
            file.write(content.getvalue().to_pybytes())
