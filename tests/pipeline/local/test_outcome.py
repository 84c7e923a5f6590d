"""What a node has to say at its end."""

import pytest
from tfx.types.experimental import simple_artifacts

from components.converter.report import Converted, Figures, Latency, Report
from pipeline.local.outcome import outcome

TIME = Latency(p50_ms=0.1, p95_ms=0.2)
BROKEN = "onnx cannot be made of this model: tf2onnx has no ONNX for Betainc"


def figures(size):
    return Figures(bytes=size, metric=0.7, one_row=TIME, batch=TIME)


def made(name, size=None, says="within"):
    found = None if size is None else figures(size)
    return Converted(format=name, holds=found is not None, says=says, bound=0.1, figures=found)


@pytest.mark.parametrize(
    ("formats", "summary", "broken"),
    [
        (
            [made("litert", 35_480), made("onnx", 1_204_000)],
            "litert 35 kB, onnx 1,204 kB: within bounds",
            [],
        ),
        (
            [made("litert", 35_480), made("onnx", says=BROKEN)],
            "litert 35 kB: 1 of 2 broken",
            [BROKEN],
        ),
        ([made("onnx", says=BROKEN)], "none: 1 of 1 broken", [BROKEN]),
    ],
)
def test_formats_that_break_their_bounds_are_broken_rules(tmp_path, formats, summary, broken):
    report = Report(
        rows=10,
        batch_rows=10,
        metric="auc",
        unit="probability",
        inputs={"x_xf": "x_xf"},
        output="probability",
        saved_model=figures(1),
        formats=formats,
    )
    (tmp_path / Report.FILE).write_text(report.model_dump_json())
    artifact = simple_artifacts.File()
    artifact.uri = str(tmp_path)

    told = outcome("Converter", "components.converter.component.Converter", {"formats": [artifact]})

    assert told.summary == f"{summary} ({tmp_path})"
    assert told.broken_rules == broken
