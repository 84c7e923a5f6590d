"""A model that is pushed, and how, for the tests of the Pusher that need no TensorFlow."""

import pathlib
from collections.abc import Callable
from typing import Any

from components.pusher.folder import Folder
from components.pusher.manifest import Manifest


def model_in(folder: pathlib.Path) -> pathlib.Path:
    """The folder, looking like a SavedModel: files in folders, and an empty folder."""
    (folder / "variables").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "saved_model.pb").write_bytes(b"graph" * 1000)
    (folder / "variables" / "variables.data").write_bytes(bytes(range(256)) * 100)
    return folder


def put(
    model: pathlib.Path,
    serving: pathlib.Path,
    check: Callable[[pathlib.Path], None] = lambda _: None,
    **said: Any,
) -> pathlib.Path:
    """Pushes; the folder of the version."""
    return serving / str(Folder(serving).put(model, Manifest(**said), check))
