"""Files where the workers of a Beam engine see them, too: on the volume, while a node runs.

What KFP's launcher downloads for a pod is in that pod alone.
"""

import contextlib
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from pipeline.kubeflow.artifacts import Artifacts


@contextlib.contextmanager
def shared(folder: str, inputs: Artifacts, outputs: Artifacts) -> Iterator[str]:
    """A scratch folder on the volume: inputs lie there, and outputs until the block ends.

    Args:
        folder: on the volume, at the same path in the engine's workers.
        inputs: their URIs are those on the volume within the block.
        outputs: likewise; after the block their files are where they were to be.
    """
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(dir=folder))
    own = {key: artifacts[0].uri for key, artifacts in outputs.items()}
    read = {key: artifacts[0].uri for key, artifacts in inputs.items()}
    try:
        for key, uri in read.items():
            inputs[key][0].uri = str(shutil.copytree(uri, scratch / "inputs" / key))
        for key in own:
            outputs[key][0].uri = str(_open_to_all(scratch / "outputs" / key))
        _open_to_all(scratch)
        yield str(scratch)
        for key, uri in own.items():
            shutil.copytree(scratch / "outputs" / key, uri, dirs_exist_ok=True)
    finally:
        for artifacts, uris in ((inputs, read), (outputs, own)):
            for key, uri in uris.items():
                artifacts[key][0].uri = uri
        shutil.rmtree(scratch, ignore_errors=True)


def _open_to_all(folder: pathlib.Path) -> pathlib.Path:
    """The folder, there and writable: the engine's workers may be another user."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    return folder
