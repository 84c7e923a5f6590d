"""Which folder is served, and the name of what lies in it."""

import pathlib
import re

from components.pusher.folder import Folder
from modules.errors import SpecError
from pipeline.console import near
from pipeline.history.folder import DEFAULT, SERVING
from pipeline.serving.folders import numbered

_NAMED = 5  # folders that a message names
_UNKNOWN = "model"


def serving_folder(given: pathlib.Path | None) -> pathlib.Path:
    """The folder that was given, or `runs/serving` in the current one.

    Raises:
        SpecError: if it holds no version; names folders nearby that do.
    """
    folder = (given or pathlib.Path(DEFAULT, SERVING)).absolute()
    try:
        if numbered(folder):
            return folder
        problem = "holds no version of a model" if folder.is_dir() else "no such folder"
        start = folder if given and folder.is_dir() else pathlib.Path.cwd()
        found = [str(near(each)) for each in _below(start) if numbered(each)]
    except OSError as error:
        raise SpecError([f"{near(folder)}: {error.strerror}"]) from None
    mend = f"`headrace run SPEC` pushes to {DEFAULT}/{SERVING} beside the spec"
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        mend = f"Give one of these: {', '.join(found[:_NAMED])}{more}"
    raise SpecError([f"{near(folder)}: {problem}. {mend}"])


def _below(start: pathlib.Path) -> list[pathlib.Path]:
    patterns = (
        SERVING,
        f"{DEFAULT}/{SERVING}",
        f"*/{DEFAULT}/{SERVING}",
        f"*/*/{DEFAULT}/{SERVING}",
    )
    return [each for pattern in patterns for each in sorted(start.glob(pattern))]


def name_of(folder: pathlib.Path) -> str:
    """The name of the pipeline that pushed the newest version, as its manifest has it.

    Without a manifest, that of the folder, as TensorFlow Serving's are called by their models, but
    for `serving`, which says nothing: then it is `model`.
    """
    found = numbered(folder)
    manifest = Folder(folder).manifest(max(found)) if found else None
    name = manifest.pipeline if manifest else None
    if name is None and folder.name != SERVING:
        name = folder.name
    return re.sub(r"[^A-Za-z0-9._-]", "-", name or "") or _UNKNOWN
