"""What serves the versions of a place: a command for Docker, or a manifest for KServe."""

import pathlib
import re
import shlex

import yaml
from rich.console import Console

from components.pusher.folder import Folder
from components.pusher.place import Place
from components.pusher.store import is_store
from modules.errors import SpecError
from pipeline import spec as spec_of
from pipeline.failure import ExitCode, explained
from pipeline.history.answering import refuse
from pipeline.kubeflow.settings import Kubeflow
from pipeline.spec import Spec
from pipeline.versions.places import place_of

IMAGE, TAG = "docker.io/tensorflow/serving", "2.19.1"  # as in deploy/serving
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")  # of what Kubernetes makes a Service
_CLUSTER = (
    "give a spec with a [kubeflow] table, or a place in an object store: KServe's pods do not see "
    "the folders of this machine"
)


def serving_command(given: str | None, server: str) -> int:
    """Prints what serves a place, and nothing else.

    Args:
        given: the place; for KServe also a spec with a `[kubeflow]` table.
        server: `tf-serving` or `kserve`.
    """
    try:
        print(inference_service(given) if server == "kserve" else docker(place_of(given)), end="")
    except (SpecError, OSError) as error:
        code, problems = explained(error)
        refuse(Console(highlight=False), False, problems)
        return code
    return ExitCode.BLESSED


def docker(there: Place) -> str:
    """A command that serves a folder on this machine, and goes over to a new version by itself.

    Raises:
        SpecError: if the place is in a store.
    """
    if not isinstance(there, Folder):
        # https://github.com/tensorflow/serving/issues/1963
        raise SpecError(
            [
                f"{there.uri}: expected a folder; TensorFlow Serving's image has read no s3:// "
                f"since 2.7. `headrace promote --in {there.uri} --to FOLDER` copies a version to "
                f"one, and KServe reads a store: --serve-with kserve"
            ]
        )
    name = _name(there)
    words = [
        ["docker", "run", "--rm", "--publish", "127.0.0.1:8501:8501"],
        ["--mount", f"type=bind,source={there.path},target=/models/{name},readonly"],
        ["--env", f"MODEL_NAME={name}", f"{IMAGE}:{TAG}"],
        ["--file_system_poll_wait_seconds=30"],
    ]
    return " \\\n  ".join(shlex.join(part) for part in words) + "\n"


def inference_service(given: str | None) -> str:
    """An InferenceService of KServe, as YAML.

    Raises:
        SpecError: if its pods would not see the place.
    """
    if given is not None and is_store(given):
        there = place_of(given)
        name, uri = _name(there), there.uri.replace("minio://", "s3://", 1)
    elif given is not None and given.endswith(".toml"):
        spec = spec_of.load(pathlib.Path(given))
        name, uri = spec.name, _in_cluster(spec, given)
    else:
        raise SpecError([f"--serve-with kserve: {_CLUSTER}"])
    model = {
        "modelFormat": {"name": "tensorflow"},
        "protocolVersion": "v1",
        "runtimeVersion": TAG,  # KServe's own default is older than SavedModels of today
        "storageUri": uri,
    }
    manifest = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/part-of": "headrace"}},
        "spec": {"predictor": {"model": model}},
    }
    text: str = yaml.safe_dump(manifest, sort_keys=False)
    return text


def _in_cluster(spec: Spec, given: str) -> str:
    """Where KServe finds what the pods of Kubeflow push: the volume, or the store."""
    settings: Kubeflow | None = spec.kubeflow
    if settings is None:
        raise SpecError([f"{given}: has no [kubeflow] table; {_CLUSTER}"])
    there = settings.serving_place(spec.name)
    if is_store(there):
        return there.replace("minio://", "s3://", 1)
    below = str(pathlib.PurePosixPath(there).relative_to(settings.volume.path))
    parts = [settings.volume.claim, (settings.volume.sub_path or "").strip("/"), below]
    return "pvc://" + "/".join(part for part in parts if part)


def _name(there: Place) -> str:
    """The name of the pipeline that pushed the newest version, or else that of the folder."""
    known = there.versions()
    manifest = there.manifest(known[-1]) if known else None
    for name in (manifest and manifest.pipeline, there.uri.rpartition("/")[2]):
        if name and _NAME.fullmatch(name):
            return name
    return "model"
