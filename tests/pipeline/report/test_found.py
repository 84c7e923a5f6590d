"""What a report tells of what the Evaluator found by a sample of rows."""

import json
import re

import pytest

from pipeline.history.past import read
from pipeline.report.writing import write_comparison
from tests.pipeline.report.outputs import metrics, write_evaluation, write_spec
from tests.pipeline.report.test_report import HOSTILE, shown

NUMBER = {"column": "price", "task": "regression", "unit": "USD"}
IMPORTANCE = {
    "loss": "absolute error",
    "baseline": 300.5,
    "rows": 1200,
    "repeats": 3,
    "columns": [
        {"column": HOSTILE, "rise": 1587.25, "deviation": 12.5},
        {"column": "depth", "rise": -0.5, "deviation": 0.25},
        {"column": "odd", "rise": None, "deviation": None},
    ],
}
RESIDUALS = {"quantile": None, "predictions": [10.0, 20.0, 30.0], "residuals": [-1.0, 0.5, 2.0]}


@pytest.fixture
def page(story, report_of):
    """The report of a run whose evaluation has such files, and whose spec such tables."""

    def page(importance=None, residuals=None, others=("wrong.jsonl",), epochs=1, **tables):
        run = story.run(epochs=epochs)
        folder = story.output(run, "evaluation")
        write_evaluation(folder, [metrics({}, {"rmse": 500.0})], [])
        for name, told in (("importance.json", importance), ("residuals.json", residuals)):
            if told is not None:
                (folder / name).write_text(told if isinstance(told, str) else json.dumps(told))
        for name in others:
            (folder / name).write_text("")
        write_spec(story.runs / run, **{"label": NUMBER, **tables})
        return report_of(run)

    return page


def values(file, chart):
    """What a chart of a page shows."""
    drawn = json.loads(re.search('id="charts">(.*?)</script>', file.read_text(), re.DOTALL)[1])
    return drawn["charts"][chart]["values"]["rows"] if chart in drawn["charts"] else None


def test_importance_is_told_with_its_loss_rows_and_unit(page):
    text = shown(page(IMPORTANCE, RESIDUALS))

    assert "its mean absolute error, 300.5 USD, rises. Measured on 1,200 rows" in text
    assert "+1587 12.5 depth -0.5 0.25 odd \N{EN DASH} \N{EN DASH}" in text
    assert "<script>document.title" in text  # as text


def test_bars_have_whiskers_of_one_standard_deviation(page):
    drawn = values(page(IMPORTANCE, RESIDUALS), "importance")

    assert [row[1:] for row in drawn] == [[1587.25, 1574.75, 1599.75], [-0.5, -0.75, -0.25]]


def test_charts_have_marks_and_run_nothing(chromium, page):
    chromium.open(page(IMPORTANCE, RESIDUALS)).draw()

    def count(chart, mark):
        return chromium.value(
            f"document.querySelectorAll('[data-chart={chart}] .mark-{mark}.role-mark > *').length"
        )

    assert (count("importance", "rect"), count("importance", "rule")) == (2, 2)
    assert (count("residuals", "symbol"), count("residuals", "rule")) == (3, 1)
    # bins of 0.1 from -1 to 2: three have a row each, so their bars are as high as the frame
    assert (count("residual-histogram", "rect"), count("residual-histogram", "rule")) == (3, 1)
    bars = "[...document.querySelectorAll('[data-chart=residual-histogram] .mark-rect path')]"
    assert min(chromium.value(f"{bars}.map(e => e.getBBox().height)")) > 200
    named = "document.querySelector('[data-chart=importance] svg').textContent"
    assert "<script>document.title" in chromium.value(named)
    assert chromium.value("document.images.length") == 0
    assert chromium.errors == []


def test_a_click_sorts_features_by_name(chromium, page):
    chromium.open(page(IMPORTANCE, RESIDUALS))
    table = "[...document.querySelectorAll('[aria-label=\"Feature importance\"] tbody tr')]"
    names = f"{table}.map(row => row.cells[0].textContent)"

    assert chromium.value(names)[1:] == ["depth", "odd"]
    chromium.value(
        "document.querySelectorAll('[aria-label=\"Feature importance\"] thead button')[1].click()"
    )
    assert chromium.value(names)[1:] == ["depth", "odd"]  # what is not known is last
    chromium.value(
        "document.querySelectorAll('[aria-label=\"Feature importance\"] thead button')[1].click()"
    )
    assert chromium.value(names)[::2] == ["depth", "odd"]


def test_of_many_features_the_most_important_are_told(page):
    columns = [
        {"column": f"feature {at}", "rise": 1000.0 - at, "deviation": 1.0} for at in range(600)
    ]

    file = page({**IMPORTANCE, "columns": columns}, RESIDUALS)

    text = shown(file)
    assert len(values(file, "importance")) == 30
    assert "(30 of 600 features, the largest)" in text
    assert "feature 499" in text
    assert "feature 500" not in text
    assert "100 less important features left out." in text
    assert file.stat().st_size < 2e6


def test_residuals_are_told_of_numbers_alone(page):
    of_classes = shown(page(IMPORTANCE, label={"column": "rare", "task": "binary"}))
    of_numbers = shown(page(IMPORTANCE, RESIDUALS))

    assert "Residuals" not in of_classes
    assert "its mean absolute error, 300.5, rises" in of_classes  # a class has no unit
    assert "Residuals by prediction: price minus prediction, 3 rows" in of_numbers


def test_residuals_of_quantiles_say_of_which(page):
    label = {"column": "price", "task": "quantile", "quantiles": [0.1, 0.6]}

    text = shown(page(IMPORTANCE, {**RESIDUALS, "quantile": 0.6}, label=label))

    assert "of the quantile 0.6, the nearest to the median" in text
    assert "Residuals by quantile 0.6" in text


def test_without_a_row_there_is_nothing_to_draw(page):
    nothing = {"rows": 0, "baseline": None, "columns": []}

    text = shown(page({**IMPORTANCE, **nothing}, {**RESIDUALS, "predictions": [], "residuals": []}))

    assert "No row of the eval split has a label to measure it by." in text
    assert "No row of the eval split has a label to be off from." in text


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"evaluation": {"importance": False}}, "the spec says evaluation.importance = false"),
        ({}, "the Evaluator of that version of Headrace did not look for it"),
        ({"others": (), "stock": ["Evaluator"]}, "TFX's own Evaluator does not look for it"),
        ({"others": ()}, "the evaluation went row by row, by TFX's own executor"),
    ],
    ids=["off", "old", "stock", "by rows"],
)
def test_what_is_not_there_says_why(page, made, why):
    assert f"Feature importance Not here: {why}" in shown(page(**made))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[" * 100_000,
        json.dumps({**IMPORTANCE, "more": 1}),
        json.dumps({**IMPORTANCE, "baseline": float("nan")}),
        json.dumps({**IMPORTANCE, "loss": "x" * 2**22}),
    ],
    ids=["cut", "deep", "unknown", "not a number", "large"],
)
def test_a_file_that_cannot_be_read_is_said_to_be_so(page, text):
    told = shown(page(text, text))

    assert "Feature importance Not here: importance.json cannot be read" in told
    assert "Residuals Not here: residuals.json cannot be read" in told


def test_two_runs_are_compared_by_the_importance_of_each_feature(page, story):
    older = page({**IMPORTANCE, "columns": [{"column": "depth", "rise": 1.5, "deviation": 0.1}]})
    newer, file = page(IMPORTANCE, epochs=2), story.runs / "both.html"

    write_comparison(*(read(each.parent, None) for each in (older, newer)), file)

    text = shown(file)
    assert "Feature importance: rise of the absolute error when shuffled Feature Before" in text
    assert "depth 1.5 -0.5 -2" in text
