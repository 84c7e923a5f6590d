"""The report that a run writes by itself, as a browser shows it."""

import json
import os

import pytest

from tests.pipeline.report import browser

CHARTS = "[...document.querySelectorAll('[data-chart]')].filter(e => e.getClientRects().length)"


@pytest.mark.slow
def test_a_run_ends_with_a_report_whose_every_chart_is_drawn(birds, headrace, tmp_path):
    told = headrace("run", birds)

    assert told.returncode == 0, told.stdout
    (run,) = birds.parent.glob("runs/2*")
    page = run / "report.html"
    assert f"Report: {page}" in told.stdout.splitlines()
    assert page.stat().st_size < 2e6
    nodes = json.loads((run / "result.json").read_text())["nodes"]
    assert all(node["started"] >= 0 for node in nodes)

    if browser.executable() is None and not os.environ.get("CI"):
        pytest.skip("there is no Chromium: apt-get install chromium")
    with browser.browser(tmp_path) as chromium:
        chromium.open(page).draw()
        drawn = chromium.value(f"{CHARTS}.map(e => [e.dataset.chart, e.dataset.drawn])")
        marks = chromium.value(f"{CHARTS}.map(e => e.querySelectorAll('svg path').length)")
        assert {state for _, state in drawn} == {"whole"}
        assert {name for name, _ in drawn} >= {
            *("gantt", "loss", "metric-accuracy", "steps-learning_rate", "confusion", "slices"),
            *(f"column-{at}" for at in range(7)),
        }
        assert all(marks)
        # The unit of a column in the spec, and the model that was pushed.
        text = chromium.value("document.body.innerText")
        assert "numeric, mm" in text
        assert "nothing was pushed" not in text
        assert chromium.errors == []
        assert chromium.requests == []


@pytest.mark.slow
def test_data_that_stops_a_run_is_shown_with_the_change_that_would_allow_it(birds, headrace):
    table = birds.parent / "penguins.csv"
    table.write_text(table.read_text().replace("Torgersen", "Elephant"))

    told = headrace("run", birds)

    assert told.returncode == 4, told.stdout
    (page,) = birds.parent.glob("runs/2*/report.html")
    text = page.read_text()
    assert "stops the run" in text
    assert "unseen_values" in text
    assert "Elephant&#34;" in text  # in the proposed schema
    assert "Not here: Trainer did not run: DataGate failed." in text
