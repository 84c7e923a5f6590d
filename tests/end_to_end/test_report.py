"""The report that a run writes by itself, as a browser shows it."""

import json

import pytest

SECTIONS = {"verdict", "data", "training", "evaluation", "serving", "lineage"}
OF_EVERY_RUN = {"gantt", "loss", "steps-learning_rate", "slices", "importance", "column-0"}
OF_TASK = {
    "flights": {"by-threshold", "roc", "precision-recall", "scores", "calibration", "metric-auc"},
    "penguins": {"confusion", "metric-accuracy"},
    "diamonds": {"residuals", "residual-histogram", "metric-rmse"},
}
UNITS = {"flights": "numeric, mph", "penguins": "numeric, mm", "diamonds": "numeric, carat"}
MISSING = "[...document.querySelectorAll('p.absent')].map(e => e.closest('section').id)"


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_TASK)
def test_a_run_ends_with_a_report_whose_every_chart_is_drawn(name, copy_of, headrace, chromium):
    spec = copy_of(name)

    told = headrace("run", spec, "--set", "training.epochs=2", "--set", "evaluation.rules=[]")

    assert told.returncode == 0, told.stdout
    (run,) = spec.parent.glob("runs/2*")
    page = run / "report.html"
    assert f"Report: {page}" in told.stdout.splitlines()
    assert page.stat().st_size < 2e6
    nodes = json.loads((run / "result.json").read_text())["nodes"]
    assert all(node["started"] >= 0 for node in nodes)
    assert chromium.open(page).charts() >= OF_EVERY_RUN | OF_TASK[name]
    text = chromium.value("document.body.innerText")
    assert UNITS[name] in text
    assert "nothing was pushed" not in text
    assert chromium.value(MISSING) == ["verdict", "verdict"]  # rules, and a run before
    assert chromium.is_quiet()


@pytest.mark.slow
def test_data_that_stops_a_run_is_shown_with_the_change_that_would_allow_it(
    birds, headrace, chromium
):
    table = birds.parent / "penguins.csv"
    table.write_text(table.read_text().replace("Torgersen", "Elephant"))

    told = headrace("run", birds)

    assert told.returncode == 4, told.stdout
    (page,) = birds.parent.glob("runs/2*/report.html")
    assert chromium.open(page).charts() >= {"gantt", "column-0"}
    text = chromium.value("document.body.textContent")
    assert "stops the run" in text
    assert "unseen_values" in text
    assert '"Elephant"' in text  # in the proposed schema
    assert "Not here: Trainer did not run: DataGate failed." in text
    assert set(chromium.value(MISSING)) == SECTIONS - {"data", "lineage"}
    assert chromium.is_quiet()
