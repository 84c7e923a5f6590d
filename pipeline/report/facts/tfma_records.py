"""The metrics and plots that TFMA wrote, read without TFMA, whose import takes seconds."""

import functools
import importlib.util
import pathlib
import struct
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import google_crc32c
from google.protobuf import message, wrappers_pb2  # noqa: F401  the messages of TFMA need wrappers

_MESSAGES = "metrics_for_slice_pb2.py"
_HEAD = struct.Struct("<QI")  # length and its checksum
_CHECKSUM = struct.Struct("<I")
_MASK = 0xA282EAD8  # https://www.tensorflow.org/tutorials/load_data/tfrecord, as of 2024


class Unreadable(Exception):
    """A file is not what TFMA writes."""


@functools.cache
def _messages() -> ModuleType:
    """TFMA's messages, which need protobuf only; its package would load TensorFlow and Beam."""
    package = importlib.util.find_spec("tensorflow_model_analysis")
    assert package is not None
    assert package.submodule_search_locations is not None
    path = pathlib.Path(package.submodule_search_locations[0], "proto", _MESSAGES)
    spec = importlib.util.spec_from_file_location(f"{__name__}.messages", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def metrics(evaluation: pathlib.Path) -> Iterator[Any]:
    """MetricsForSlice of each slice.

    Raises:
        Unreadable: if a file is not whole.
    """
    return _read(evaluation, "metrics", _messages().MetricsForSlice)


def plots(evaluation: pathlib.Path) -> Iterator[Any]:
    """PlotsForSlice of each slice.

    Raises:
        Unreadable: if a file is not whole.
    """
    return _read(evaluation, "plots", _messages().PlotsForSlice)


def slice_of(key: Any) -> dict[str, str]:
    """By column, its value as text, of a SliceKey; empty for all rows."""
    found = {}
    for each in key.single_slice_keys:
        value = getattr(each, each.WhichOneof("kind") or "bytes_value")
        found[each.column] = (
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        )
    return found


def _read(evaluation: pathlib.Path, name: str, kind: Any) -> Iterator[Any]:
    for path in sorted(evaluation.glob(f"{name}*.tfrecord")):
        for record in _records(path):
            try:
                yield kind.FromString(record)
            except message.DecodeError:
                raise Unreadable(f"{path}: holds what is no {kind.__name__}") from None


def _records(path: pathlib.Path) -> Iterator[bytes]:
    """The records of a TFRecord file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    at = 0
    while at < len(content):
        try:
            length, _ = _HEAD.unpack_from(content, at)
            start = at + _HEAD.size
            (told,) = _CHECKSUM.unpack_from(content, start + length)
        except (struct.error, OverflowError):
            raise Unreadable(f"{path}: ends in the middle of a record") from None
        record = content[start : start + length]
        if told != _masked(google_crc32c.value(record)):
            raise Unreadable(f"{path}: is damaged at byte {at:,}")
        yield record
        at = start + length + _CHECKSUM.size


def _masked(checksum: int) -> int:
    return ((checksum >> 15 | checksum << 17) + _MASK) & 0xFFFFFFFF
