"""ServingValidator: nothing is pushed that does not answer where only TensorFlow is."""

import logging
import os
import pathlib

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components.serving_validator import report
from components.serving_validator.config import ServingSettings
from components.serving_validator.validating import Subject, validate

_LOG = logging.getLogger(__name__)


@component
def ServingValidator(
    examples: InputArtifact[standard_artifacts.Examples],
    model: InputArtifact[standard_artifacts.Model],
    model_run: InputArtifact[standard_artifacts.ModelRun],
    blessing: OutputArtifact[standard_artifacts.InfraBlessing],
    settings: Parameter[str],
) -> None:
    """Blesses a model that a process with TensorFlow alone can load, call and rely on.

    The blessing is that of TFX's InfraValidator, `INFRA_BLESSED` or `INFRA_NOT_BLESSED`, with
    `serving.json` beside it (`report.Report`): what was measured, and each reason not to push.

    Args:
        examples: of ExampleGen, raw rows.
        model: of the Trainer.
        model_run: of the Trainer, with some of its own predictions (`modules.training.kept`).
        blessing: where the verdict goes.
        settings: `ServingSettings`, as JSON.
    """
    told = ServingSettings.model_validate_json(settings)
    subject = Subject(
        model=path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model)),
        model_run=pathlib.Path(model_run.uri),
        eval=_files(examples, "eval"),
        watched=_files(examples, told.watched),
    )
    found = validate(subject, told)
    for reason in found.reasons:
        _LOG.warning("Not fit to serve: %s", reason)  # on a cluster, people read the pod's log
    report.write(found, blessing, model)


def _files(examples: standard_artifacts.Examples, split: str) -> list[str]:
    folder = artifact_utils.get_split_uri([examples], split)
    return sorted(fileio.glob(os.path.join(folder, "*")))
