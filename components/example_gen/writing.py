"""Rows as gzipped TFRecords of tf.Example, by whole columns; equal rows are equal bytes.

A tf.Example is a protobuf of nested messages, each a tag, a length and its content: a map from a
name to a list of floats or of bytes (tensorflow/core/example/feature.proto). Of a column, all that
differs from row to row is the value and, for texts, their lengths.
"""

import itertools
import struct
from collections.abc import Callable

import google_crc32c
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from isal import isal_zlib

_FIRST, _SECOND = b"\x0a", b"\x12"  # tags of the fields 1 and 2 of a message, with a length


def tf_examples(batch: pa.RecordBatch) -> pa.BinaryArray:
    """A serialized tf.Example a row; a missing value is a feature without a value."""
    parts = [
        part
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
        for part in _feature(_FIRST + _varint(len(name.encode())) + name.encode(), column)
    ]
    features = _joined(*parts)
    return _joined(_by_length(features, lambda size: _FIRST + _varint(size)), features)


def _feature(name: bytes, column: pa.Array) -> list[pa.Array]:
    """An entry of the map for each row, in pieces: `{1: name, 2: {kind: {1: value}}}`."""
    missing = pa.scalar(_FIRST + _varint(len(name) + 2) + name + _SECOND + b"\0", pa.binary())
    valid = column.is_valid()
    if pa.types.is_floating(column.type):
        numbers = column.fill_null(0).to_numpy().astype("<f4")  # packed: 4 bytes a value
        head = np.frombuffer(_head(name, _SECOND, 4), np.uint8)
        bytes_of = np.empty((len(column), len(head) + 4), np.uint8)
        bytes_of[:, :-4], bytes_of[:, -4:] = head, numbers.view(np.uint8).reshape(-1, 4)
        return [pc.if_else(valid, _of_equal_length(bytes_of), missing)]
    values = column.cast(pa.binary()).fill_null(b"")
    heads = _by_length(values, lambda size: _head(name, _FIRST, size))
    return [pc.if_else(valid, heads, missing), values]


def _head(name: bytes, kind: bytes, size: int) -> bytes:
    """What comes before a value of so many bytes."""
    head = b""
    for tag in (_FIRST, kind, _SECOND):
        head = tag + _varint(size + len(head)) + head
    return _FIRST + _varint(len(name) + len(head) + size) + name + head


def _varint(number: int) -> bytes:
    """Protobuf's form of a length: seven bits a byte, the lowest first."""
    digits = bytearray()
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


def tf_records(records: pa.BinaryArray) -> bytes:
    """The content of a gzipped file of TFRecords.

    A record is its length, a checksum of that, the data and a checksum of these
    (tensorflow/core/lib/io/record_writer.h).
    """
    data, offsets = _buffers(records)
    sums = _checksums([bytes(data[start:end]) for start, end in itertools.pairwise(offsets)])
    framed = _joined(_by_length(records, _record_head), records, _of_equal_length(sums))
    # With zlib, compressing is most of the cost of writing; docs/decisions/example-gen.md.
    gzip = isal_zlib.compressobj(1, wbits=31)
    data, offsets = _buffers(framed)
    return gzip.compress(data[: offsets[-1]]) + gzip.flush()


def _buffers(values: pa.BinaryArray) -> tuple[memoryview, list[int]]:
    """The bytes of all values on end, and where each begins; the end of the last is there too."""
    _, offsets, data = values.buffers()
    if not len(values):
        return memoryview(b""), [0]
    return memoryview(data), np.frombuffer(offsets, np.int32, len(values) + 1).tolist()


def _record_head(size: int) -> bytes:
    length = struct.pack("<Q", size)
    return length + _checksums([length]).tobytes()


def _checksums(contents: list[bytes]) -> np.ndarray:
    """CRC-32C of each, rotated and moved, for it is weak on data with checksums; uint8 `(n, 4)`."""
    sums = np.fromiter(map(google_crc32c.value, contents), np.uint32, len(contents))
    masked = ((sums >> 15) | (sums << 17)) + np.uint32(0xA282EAD8)
    return masked.astype("<u4").view(np.uint8).reshape(-1, 4)


def _by_length(values: pa.BinaryArray, head: Callable[[int], bytes]) -> pa.BinaryArray:
    """The head for the length of each value, made once for each length."""
    lengths = pc.binary_length(values).dictionary_encode()
    heads = pa.array([head(size) for size in lengths.dictionary.to_pylist()], pa.binary())
    return heads.take(lengths.indices)


def _of_equal_length(contents: np.ndarray) -> pa.BinaryArray:
    """The rows of a uint8 matrix."""
    count, width = contents.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    return pa.Array.from_buffers(
        pa.binary(),
        count,
        [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(contents))],
    )


def _joined(*parts: pa.BinaryArray) -> pa.BinaryArray:
    return pc.binary_join_element_wise(*parts, pa.scalar(b"", pa.binary()))
