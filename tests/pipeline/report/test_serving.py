"""What a report tells of the serving check and of further formats."""

import pytest

from components.converter.report import Converted, Figures, Latency
from components.converter.report import Report as Formats
from components.serving_validator import found as check
from components.serving_validator.config import Serving
from pipeline.local import record as records
from tests.pipeline.report.test_report import shown

NO = "\N{EN DASH}"  # number
CHECKED = check.Report(
    blessed=False,
    reasons=["serving_raw: <b>too slow</b>"],
    rows=256,
    startup_seconds=2.345,
    latency={
        "serving_raw": check.Latency(
            calls=100, p50_ms=1.25, p95_ms=2.5, batch_rows=256, batch_ms=9.5
        )
    },
    peak_memory_mb=690.0,
    trainer=check.Agreement(rows=32, largest=3e-8, bound=1e-4, precision="float32"),
    budgets=Serving(max_memory_mb=900),
)
COST = Figures(
    bytes=1_000,
    metric=0.678,
    one_row=Latency(p50_ms=0.5, p95_ms=0.75),
    batch=Latency(p50_ms=1, p95_ms=2),
)
CONVERTED = Formats(
    rows=2_107,
    batch_rows=256,
    metric="auc",
    unit="probability",
    inputs={},
    output="y",
    saved_model=COST,
    formats=(
        Converted(
            format="litert",
            holds=True,
            says="fine",
            bound=1e-4,
            largest_difference=2e-7,
            figures=COST.model_copy(update={"bytes": 250}),
        ),
        Converted(format="onnx", holds=False, says="an operation is not known", bound=1e-4),
    ),
)


@pytest.fixture
def page(story, report_of):
    """The text of a report of a run in which a node wrote a file more."""

    def page(node, output, name, text):
        run = story.run()
        folder = story.output(run, "evaluation")
        (folder / name).write_text(text)
        one = story.records(run)["Evaluator"]
        outputs = {output: one.outputs["evaluation"]}
        more = one.model_copy(update={"node": node, "outputs": outputs})
        records.write(more, story.runs / run / records.RECORDS / f"{node}.json")
        return shown(report_of(run))

    return page


def test_the_check_is_told_with_its_reasons_figures_and_budgets(page):
    text = page("ServingValidator", "blessing", check.Report.FILE, CHECKED.model_dump_json())

    assert "✕ not blessed Asked 256 rows in a process that has TensorFlow alone" in text
    assert "serving_raw: <b>too slow</b>" in text  # as text
    assert "start 2.3 s" in text
    assert "peak memory 690 MB at most 900 MB" in text
    assert "from the trained model 3e-08 at most 0.0001, in 32 rows" in text
    assert "serving_raw 1.25 2.5 256 9.5" in text


def test_formats_are_told_beside_the_saved_model(page):
    text = page("Converter", "formats", Formats.FILE, CONVERTED.model_dump_json())

    assert f"SavedModel 1.0 kB 0.678 {NO} {NO} 0.5 0.75" in text
    assert "litert 250 B 0.678 2e-07 0.0001 0.5 0.75 ✓ holds" in text
    assert f"onnx {NO} {NO} 0.0001 {NO} {NO} ✕ broken an operation is not known" in text


def test_without_the_check_or_formats_the_page_says_so_or_nothing(story, report_of):
    text = shown(report_of(story.run()))

    assert "Serving Not here: ServingValidator was not part of this run." in text
    assert "Formats" not in text


def test_a_file_that_cannot_be_read_is_said_to_be_so(page):
    text = page("ServingValidator", "blessing", check.Report.FILE, "{")

    assert "Not here: serving.json is gone, or of another version of Headrace." in text
