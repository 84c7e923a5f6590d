"""What an exported model answers to rows in columns: its signature `serving_raw`, by the batch.

One owner for what judges models and what scores files, so that both get what serving answers.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.columns import values
from modules.spec.features import RawType, argument_name

SIGNATURE = "serving_raw"
ROWS = 8192  # a call of the model: more take memory, not less time


class Signature:
    """A loaded model."""

    def __init__(self, folder: str, columns: Mapping[str, RawType]):
        """Loads the SavedModel of a folder, which takes such columns (`Interface.columns`)."""
        # Late: a process that only adds up, or reads, needs no TensorFlow.
        import tensorflow as tf

        self._columns = dict(columns)
        self._loaded: Any = tf.saved_model.load(folder)  # keeps the variables alive
        self._call: Callable[..., Any] = self._loaded.signatures[SIGNATURE]

    def __call__(self, batch: pa.RecordBatch) -> dict[str, Any]:
        """The model's outputs by name, tensors `(rows, width)`.

        Args:
            batch: columns of values, or of lists of at most one; null is missing, as is a column
                that is not there.
        """
        inputs = {
            argument_name(name): _input(values(batch, name), kind)
            for name, kind in self._columns.items()
        }
        return dict(self._call(**inputs))


def _input(column: pa.Array, kind: RawType) -> Any:
    """The column `(rows, 1)` as the signature takes it: NaN or "" for missing."""
    import tensorflow as tf

    if kind == "number":
        numbers = pc.fill_null(column.cast(pa.float32()), pa.scalar(np.nan, pa.float32()))
        return tf.constant(numbers.to_numpy(zero_copy_only=False)[:, np.newaxis])
    texts = pc.fill_null(column.cast(pa.binary()), pa.scalar(b"", pa.binary()))
    # The type is named, for no rows have none.
    return tf.constant(texts.to_numpy(zero_copy_only=False)[:, np.newaxis], tf.string)
