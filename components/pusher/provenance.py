"""Where a model comes from: all that the Pusher can tell of it."""

import hashlib
import importlib.metadata
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pydantic
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.evaluator.verdict import Verdict as Said
from components.pusher import manifest as manifests
from components.pusher.config import Settings
from components.pusher.manifest import Data, Manifest, Trained, Verdict
from components.pusher.sums import digest, sums

VERDICT = Said.FILE  # of the Evaluator, beside its blessing
FINGERPRINT = "input_fingerprint"  # of ExampleGen, which StatisticsGen hands on
_ROOT = pathlib.Path(__file__).parents[2]  # the folder that our own packages lie in
_OURS = ("components", "modules")
_LIBRARIES = ("headrace", "tensorflow", "keras", "tfx")
_STATISTICS = "FeatureStats.pb"  # tfx/components/statistics_gen/executor.py
_SPLIT = "Split-"  # tfx/types/artifact_utils.py

Inputs = Mapping[str, Sequence[Any]]


def manifest(inputs: Inputs, model: pathlib.Path, settings: Settings, context: Any) -> Manifest:
    """All that is known of a model before it has become a version.

    Args:
        inputs: artifacts of the Pusher.
        model: folder of the SavedModel.
        settings: what the Pusher is told.
        context: of TFX's executor, or None; in a pod, ids are none of ML Metadata's.
    """
    (trained,) = inputs["model"]
    known = context is not None and context.pipeline_node is not None
    return Manifest(
        pipeline=settings.pipeline,
        run=context.pipeline_run_id if context else None,
        model=Trained(
            uri=trained.uri,
            id=trained.id if known else None,
            sha256=digest(sums(model, manifests.FILE)),
        ),
        data=_data(inputs),
        code=code(pathlib.Path(settings.folder), settings.files),
        spec=settings.spec,
        libraries=dict(_versions()),
        verdict=_verdict(inputs),
    )


def code(folder: pathlib.Path, names: Sequence[str]) -> str:
    """SHA-256 over our components and modules, and over the user's files.

    Args:
        folder: of the spec.
        names: files of the user's that the spec names; what lies beside them may be imported by
            them, and counts, too.
    """
    found = [path for top in _OURS for path in (_ROOT / top).rglob("*.py")]
    listed = {path.relative_to(_ROOT).as_posix(): path for path in found}
    for place in {(folder / name).parent for name in names}:
        listed |= {f"./{path.relative_to(folder).as_posix()}": path for path in place.glob("*.py")}
    whole = hashlib.sha256()
    for name, path in sorted(listed.items()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{name} {content}\n".encode())
    return whole.hexdigest()


def _data(inputs: Inputs) -> Data | None:
    """What StatisticsGen counted; examples themselves would have to be brought to a pod."""
    if not inputs.get("statistics"):
        return None
    (artifact,) = inputs["statistics"]
    folder = pathlib.Path(artifact.uri)
    return Data(
        fingerprint=artifact.get_string_custom_property(FINGERPRINT) or None,
        span=artifact.span,
        rows=dict(_rows(folder)),
        statistics=digest(sums(folder)),
    )


def _rows(folder: pathlib.Path) -> Iterator[tuple[str, int]]:
    for path in sorted(folder.glob(f"{_SPLIT}*/{_STATISTICS}")):
        read = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
        for dataset in read.datasets[:1]:
            yield path.parent.name.removeprefix(_SPLIT), dataset.num_examples


def _verdict(inputs: Inputs) -> Verdict | None:
    """What the Evaluator said; TFX's own writes no such file."""
    for blessing in inputs.get("model_blessing", ()):
        try:
            return Verdict.model_validate_json(pathlib.Path(blessing.uri, VERDICT).read_bytes())
        except (OSError, pydantic.ValidationError):
            return None
    return None


def _versions() -> Iterator[tuple[str, str]]:
    for name in _LIBRARIES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # ours, where it is not installed
            continue
