"""Pushes a blessed model so that a reader never sees half of it."""

import errno
import os
import pathlib
import shutil
import tempfile
import time
from typing import Any

from tfx.components.pusher import executor
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.utils import proto_utils

from components.pusher.store import Store, is_store


class Executor(executor.Executor):
    """TFX's Pusher, writing beside the destination and renaming into place.

    TFX's own copies file by file into the version's folder (1.21.0,
    tfx/components/pusher/executor.py), so a full disk leaves a version that cannot be loaded
    beside those that can.
    """

    def Do(  # noqa: N802  TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model if it is blessed; what was pushed before is left as it is."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        destination = pusher_pb2.PushDestination()
        proto_utils.json_to_proto(exec_properties["push_destination"], destination)
        place = destination.filesystem.base_directory
        model = pathlib.Path(self.GetModelPath(input_dict))
        if is_store(place):
            where = Store(place).put(model)
        else:
            where = str(push(model, pathlib.Path(place)))
        version = where.rpartition("/")[2]
        self._MarkPushed(pushed, pushed_destination=where, pushed_version=version)


def push(model: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Copies a SavedModel into a new version below the folder, whole or not at all.

    Returns:
        The folder of the version: seconds since 1970, as TensorFlow Serving expects, and always
        higher than the versions there.

    Raises:
        OSError: if the copy fails; nothing is then left of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # TensorFlow Serving and KServe look at names that are numbers only.
    beside = pathlib.Path(tempfile.mkdtemp(prefix=".pushing-", dir=folder))
    try:
        whole = beside / "model"
        _copy(model, whole)
        version = folder / str(_next_version(folder))
        whole.rename(version)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return version


def _next_version(folder: pathlib.Path) -> int:
    there = [int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal()]
    return max([int(time.time()), *(version + 1 for version in there)])


def _copy(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copies a folder, durably, up to the first error.

    shutil.copytree goes on after an error, and loses what kind it was.
    """
    if not source.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(source))
    target.mkdir()
    for path in sorted(source.rglob("*")):
        copied = target / path.relative_to(source)
        if path.is_dir():
            copied.mkdir()
            continue
        shutil.copyfile(path, copied)
        with copied.open("rb") as file:
            os.fsync(file.fileno())
