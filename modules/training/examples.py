"""Transformed examples in columns: read once, in memory if they fit, else on disk."""

import concurrent.futures
import mmap
import os
import pathlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from modules.errors import DataError

_READ_AT_ONCE = 8192  # tf.Examples parsed by one operation
Widths = Mapping[str, tuple[str, int]]  # by column: dtype and width


class Examples(Mapping[str, np.ndarray]):
    """Columns by name, `(rows, width)`; those of a dtype lie side by side in one matrix.

    The matrices are memory maps, so that TensorFlow can use them where they lie, also when that is
    a file of more bytes than the machine has memory.
    """

    def __init__(self, widths: Widths, rows: int, folder: pathlib.Path | None = None) -> None:
        """Makes room for some rows: in memory, or in files of a folder that nobody else sees."""
        self.rows = rows
        self.names: dict[str, list[str]] = {}  # of the columns, by dtype, in order
        for name, (dtype, _) in widths.items():
            self.names.setdefault(dtype, []).append(name)
        self.widths = {name: width for name, (_, width) in widths.items()}
        self.matrices: dict[str, np.ndarray] = {}  # by dtype, `(rows, sum of widths)`
        self._columns: dict[str, np.ndarray] = {}
        for dtype, names in self.names.items():
            ends = np.cumsum([self.widths[name] for name in names])
            matrix = _room(rows, int(ends[-1]), np.dtype(dtype), folder)
            self.matrices[dtype] = matrix
            parts = np.split(matrix, ends[:-1], axis=1)
            self._columns.update(zip(names, parts, strict=True))

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> "Examples":
        """Examples that hold a copy of some arrays `(rows, width)`."""
        widths = {name: (array.dtype.name, array.shape[1]) for name, array in arrays.items()}
        made = cls(widths, len(next(iter(arrays.values()))))
        for name, array in arrays.items():
            made[name][:] = array
        return made

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def _room(rows: int, width: int, dtype: np.dtype, folder: pathlib.Path | None) -> np.ndarray:
    size = rows * width * dtype.itemsize
    if size == 0:
        return np.zeros((rows, width), dtype)
    if folder is None:
        return np.frombuffer(mmap.mmap(-1, size), dtype).reshape(rows, width)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:  # gone with the last that maps it
        os.posix_fallocate(file.fileno(), 0, size)  # a full disk is an error here, not a crash
        return np.memmap(file, dtype, "r+", shape=(rows, width))


def load(
    patterns: Sequence[str],
    feature_spec: Mapping[str, Any],
    memory_mb: int,
    folder: pathlib.Path,
) -> Examples:
    """Every example of some files.

    Args:
        patterns: globs of Parquet files, or of gzipped TFRecord files of tf.Example.
        feature_spec: what to read, as `TFTransformOutput.transformed_feature_spec` gives it.
        memory_mb: that they may take; if they take more they lie in the folder.
        folder: where a file may be made.

    Raises:
        DataError: if the disk has not the room.
    """
    files = sorted(tf.io.gfile.glob(list(patterns)))
    widths = {
        name: (spec.dtype.name, int(np.prod(spec.shape))) for name, spec in feature_spec.items()
    }
    if not any(file.endswith(".parquet") for file in files):
        return _from_records(files, feature_spec, widths)
    counts = [pq.read_metadata(file).num_rows for file in files]
    row_bytes = sum(np.dtype(dtype).itemsize * width for dtype, width in widths.values())
    in_memory = sum(counts) * row_bytes <= memory_mb << 20
    try:
        examples = Examples(widths, sum(counts), None if in_memory else folder)
    except OSError as error:
        raise DataError(
            [
                f"training.memory_mb: {sum(counts):,} transformed examples take "
                f"{sum(counts) * row_bytes >> 20:,} MB, more than {memory_mb:,}, and do not fit "
                f"into {folder} either: {error.strerror}. Make room, or raise it"
            ]
        ) from error
    ends = np.cumsum(counts)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        filled = [
            pool.submit(_fill, examples, file, int(end) - count)
            for file, count, end in zip(files, counts, ends, strict=True)
        ]
        for one in filled:
            one.result()
    return examples


def _fill(examples: Examples, file: str, first: int) -> None:
    """Puts the rows of a Parquet file in, from a row on."""
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(columns=list(examples)):
            rows = slice(first, first + batch.num_rows)
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                values = column.flatten() if pa.types.is_nested(column.type) else column
                array = values.to_numpy(zero_copy_only=False)
                examples[name][rows] = array.reshape(batch.num_rows, -1)
            first = rows.stop


def _from_records(files: list[str], feature_spec: Mapping[str, Any], widths: Widths) -> Examples:
    """What TFX's own Transform writes; how many there are is known when all are parsed."""
    records = tf.data.TFRecordDataset(files, compression_type="GZIP")
    parsed = (
        records.batch(_READ_AT_ONCE)
        .map(lambda batch: tf.io.parse_example(batch, dict(feature_spec)), tf.data.AUTOTUNE)
        .prefetch(1)
    )
    parts = list(parsed.as_numpy_iterator())
    if not parts:
        return Examples(widths, 0)
    return Examples.of({name: np.concatenate([part[name] for part in parts]) for name in widths})
