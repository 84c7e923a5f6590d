"""A saved transform graph, applied to record batches."""

from typing import Any

import keras  # noqa: F401  before tensorflow_transform, which else turns tf.keras into Keras 2
import pyarrow as pa
import tensorflow_transform as tft  # noqa: F401  registers what a saved graph may hold
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.saved.saved_transform_io_v2 import SavedModelLoader
from tfx_bsl.public import tfxio

# What becomes of the columns that our ExampleGen writes.
LISTED = {pa.string(): schema_pb2.BYTES, pa.float32(): schema_pb2.FLOAT}
_LISTS = {schema_pb2.BYTES: pa.list_(pa.binary()), schema_pb2.FLOAT: pa.list_(pa.float32())}


def adapter_config(schema: schema_pb2.Schema) -> tfxio.TensorAdapterConfig:
    """How list columns of texts and numbers become tensors, as TFXIO does it."""
    source = tfxio.TFExampleBeamRecord("columns", schema=schema)
    columns = pa.schema([(feature.name, _LISTS[feature.type]) for feature in schema.feature])
    return tfxio.TensorAdapterConfig(columns, source.TensorRepresentations())


class Graph:
    """Tensors by name, of the rows of a batch."""

    def __init__(self, saved_model: str, config: tfxio.TensorAdapterConfig):
        """Loads a graph that TensorFlow Transform saved."""
        self._adapter = tfxio.TensorAdapter(config)
        self._columns = config.arrow_schema.names
        self._loader = SavedModelLoader(saved_model)
        outputs = set(self._loader.structured_outputs)
        self._loader.finalize(set(config.tensor_representations), outputs)

    def __call__(self, rows: pa.RecordBatch) -> dict[str, Any]:
        """Takes list columns, as `columns.ReadSplits` gives them."""
        tensors = self._adapter.ToBatchTensors(rows.select(self._columns))
        return self._loader.apply_transform_model(tensors)
