"""Converter: the trained model in further formats, each held against the SavedModel."""

import os
import pathlib

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils, standard_artifacts
from tfx.types.experimental import simple_artifacts
from tfx.utils import path_utils

from components.converter.config import INT8, ConverterSettings, missing
from components.converter.converting import convert
from components.converter.network import load
from components.converter.report import Report
from modules.errors import SpecError
from modules.training import examples


@component
def Converter(
    model: InputArtifact[standard_artifacts.Model],
    transformed_examples: InputArtifact[standard_artifacts.Examples],
    formats: OutputArtifact[simple_artifacts.File],
    settings: Parameter[str],
) -> None:
    """Writes a file a format, and `formats.json` (`report.Report`), which says how each stands.

    A format that cannot be made or is too far from the SavedModel does not stop the run: who reads
    the report judges. The type of the folder is one of TFX's own, which Vertex AI knows.

    Raises:
        SpecError: if packages of a format are not installed.
    """
    given = ConverterSettings.model_validate_json(settings)
    problems = list(missing(given.export.formats))
    if problems:
        raise SpecError(problems)
    old = path_utils.is_old_model_artifact(model)
    network = load(pathlib.Path(path_utils.serving_model_path(model.uri, old)))
    folder = pathlib.Path(formats.uri)
    folder.mkdir(parents=True, exist_ok=True)

    def split(name: str) -> examples.Examples:
        uri = artifact_utils.get_split_uri([transformed_examples], name)
        pattern = os.path.join(uri, "*")
        return examples.load([pattern], network.feature_spec, given.memory_mb, folder)

    train = split("train") if INT8 in given.export.formats else None
    report = convert(network, split("eval"), train, given, folder)
    (folder / Report.FILE).write_text(report.model_dump_json(indent=1), encoding="utf-8")
