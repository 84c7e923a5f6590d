"""A sample of the rows that were answered, as TFRecords of tf.Examples that TFDV reads."""

import errno
import os
import pathlib
import random
import stat
import threading
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from components.example_gen.writing import tf_examples, tf_records
from modules.errors import SpecError
from modules.spec.features import argument_name
from modules.spec.learning import Interface
from pipeline.console import near
from pipeline.serving.request import Asked
from pipeline.serving.signatures import DEFAULT, RAW

SUFFIX = ".tfrecord.gz"
_MOST = 64 * 2**20  # bytes of a file; then it becomes the older one, whose rows are given up


class RequestLog:
    """Rows of requests in a file, and in an older one beside it; both have an end.

    Each request is a gzip member of its own, so that the file can be read at any time, and what
    was written stays readable if the server is killed.
    """

    def __init__(
        self, file: pathlib.Path, sample: float, tell: Callable[[str], None], most: int = _MOST
    ) -> None:
        """Opens the file, or makes it, for its owner alone: it holds what people send.

        Args:
            file: `NAME.tfrecord.gz`; the older one is `NAME.1.tfrecord.gz`.
            sample: the share of rows that are kept, within (0, 1].
            tell: takes a sentence when nothing can be written any more.
            most: bytes of a file.

        Raises:
            SpecError: if the file cannot be written, or Beam would not see that it is gzipped.
        """
        if not file.name.endswith(SUFFIX) or file.name == SUFFIX:
            raise SpecError([f"{near(file)}: requests are logged to NAME{SUFFIX}. Name it so"])
        self.file, self._sample, self._tell, self._most = file, sample, tell, most
        self._older = file.with_name(f"{file.name.removesuffix(SUFFIX)}.1{SUFFIX}")
        self._lock = threading.Lock()
        self._random = random.Random()  # noqa: S311  a sample is no secret
        try:
            os.close(self._opened())
        except OSError as error:
            raise SpecError(
                [f"{near(file)}: {error.strerror}. Requests cannot be logged"]
            ) from None

    def write(self, asked: Asked, interface: Interface | None) -> None:
        """Keeps rows of a request that was answered; a full disk costs rows, not answers."""
        examples = _examples(asked, interface)
        kept = [each for each in examples if self._random.random() < self._sample]
        if not kept:
            return
        member = tf_records(pa.array(kept, pa.binary()))
        with self._lock:
            try:
                self._append(member)
            except OSError as error:
                if self._sample:
                    self._tell(f"{near(self.file)}: {error.strerror}. No more rows are logged")
                self._sample = 0.0

    def _opened(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self.file, flags, 0o600)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(0, "it is no regular file")
        return descriptor

    def _append(self, member: bytes) -> None:
        if len(member) > self._most:
            return
        if self.file.exists() and self.file.stat().st_size + len(member) > self._most:
            self.file.rename(self._older)
        descriptor = self._opened()
        try:
            size = os.fstat(descriptor).st_size
            try:
                _write(descriptor, member)
            except OSError:
                os.ftruncate(descriptor, size)  # half a record would spoil what comes after it
                raise
        finally:
            os.close(descriptor)


def _write(descriptor: int, member: bytes) -> None:
    if os.write(descriptor, member) < len(member):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _examples(asked: Asked, interface: Interface | None) -> list[bytes]:
    """A serialized tf.Example a row; none for what has no raw columns of Headrace's models."""
    if interface is None:
        return []
    if asked.signature == DEFAULT:
        return asked.inputs["examples"].tolist()
    arguments = {argument_name(name): name for name in interface.columns}
    if asked.signature != RAW or arguments.keys() != asked.inputs.keys():
        return []
    columns = {arguments[each]: _column(asked.inputs[each].ravel()) for each in arguments}
    return tf_examples(pa.RecordBatch.from_pydict(columns)).to_pylist()


def _column(values: np.ndarray) -> pa.Array:
    """A column with what is missing as null: not finite, or empty."""
    if values.dtype == object:
        return pa.array([each or None for each in values], pa.binary())
    return pa.array(values, pa.float32(), mask=~np.isfinite(values))
