"""LatestPushed: the baseline where there is no ML Metadata to ask, as in a pod of Kubeflow.

The Pusher pushes blessed models only, so the newest version at its destination is the latest
blessed model.
"""

import os
import pathlib
import shutil

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import io_utils, path_utils

from components.baseline.comparable import refusal, refusal_of
from components.pusher.store import Store, is_store
from modules.progress import LOGGER
from modules.spec.learning import Interface

# Custom property of a model that is none: a pod has to give each of its outputs.
ABSENT = "absent"


@component
def LatestPushed(
    model: OutputArtifact[standard_artifacts.Model],
    destination: Parameter[str],
    interface: Parameter[str],
) -> None:
    """A copy of the newest pushed version that takes today's examples, or a model marked absent.

    Args:
        model: where the copy goes.
        destination: the folder or the place in an object store that versions are pushed to.
        interface: what examples the candidate takes (`modules.spec.learning.Interface`), as JSON.
    """
    examples = Interface.model_validate_json(interface)
    copy = pathlib.Path(path_utils.serving_model_dir(model.uri))
    fetch = _from_store if is_store(destination) else _from_folder
    if fetch(destination, examples, copy):
        return
    model.set_int_custom_property(ABSENT, 1)
    note = "There is no earlier model that takes these examples.\n"
    io_utils.write_string_file(os.path.join(model.uri, "absent.txt"), note)


def _from_store(destination: str, examples: Interface, copy: pathlib.Path) -> bool:
    store = Store(destination)
    for version in reversed(store.versions()):
        why = refusal_of(store.read(version, Interface.FILE), examples)
        if why is None:
            store.fetch(version, copy)
            return True
        _pass_over(str(version), why)
    return False


def _from_folder(destination: str, examples: Interface, copy: pathlib.Path) -> bool:
    for version in _newest_first(pathlib.Path(destination)):
        why = refusal(str(version), examples)
        if why is None:
            shutil.copytree(version, copy)
            return True
        _pass_over(version.name, why)
    return False


def _pass_over(version: str, why: str) -> None:
    LOGGER.info(f"version {version} was pushed later, but {why}")


def _newest_first(destination: pathlib.Path) -> list[pathlib.Path]:
    """Versions, the highest number first; a push under way has no number yet."""
    if not destination.is_dir():
        return []
    found = [entry for entry in destination.iterdir() if entry.name.isdecimal()]
    return sorted(found, key=lambda version: int(version.name), reverse=True)
