"""DataGate: stops a run before training when its data is not fit to learn from."""

import json
import os

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.types.experimental import simple_artifacts
from tfx.utils import io_utils

from components.data_gate.artifacts import anomalies_by_split, statistics_by_split
from components.data_gate.config import GateSettings
from components.data_gate.gate import judge, refusals
from modules.errors import GateError

REPORT_FILE = "report.json"


@component
def DataGate(
    statistics: InputArtifact[standard_artifacts.ExampleStatistics],
    anomalies: InputArtifact[standard_artifacts.ExampleAnomalies],
    report: OutputArtifact[simple_artifacts.File],
    settings: Parameter[str],
) -> None:
    """Stops the run, with every reason, unless the spec allows all that was found.

    The report is a folder with `report.json`, a list of findings (`gate.Finding`). Its type is one
    of TFX's own, which Vertex AI knows.

    Raises:
        GateError: for an anomaly that the spec does not allow, a split with too few rows, a
            label with one class, or a feature without any value.
    """
    found = judge(
        statistics_by_split(statistics),
        anomalies_by_split(anomalies),
        GateSettings.model_validate_json(settings),
    )
    text = json.dumps([finding.model_dump() for finding in found], indent=1)
    io_utils.write_string_file(os.path.join(report.uri, REPORT_FILE), text)
    stops = refusals(found)
    if stops:
        raise GateError(stops)
