"""What a notebook shows of a run, and what Python has of it."""

import html.parser
import json
import re
import subprocess
import sys

import pytest

from modules.errors import SpecError
from pipeline import notebook
from pipeline.report.rendering import SECTIONS
from tests.pipeline.report.outputs import (
    dataset,
    metrics,
    number_column,
    text_column,
    thresholds,
    write_evaluation,
    write_spec,
    write_statistics,
)

HOSTILE = """<script>document.title = 'taken'</script>"'></iframe><img src=x onerror="alert(1)">"""
WRONG = {"loss": 2.5, "label": "1", "prediction": [0.08], "row": {"island": HOSTILE}}


class Tags(html.parser.HTMLParser):
    """The tags of a text, each with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.fixture
def report(story):
    """The report of a binary task: a number, a hostile text, slices, thresholds, a wrong row."""
    run = story.run()
    splits = {split: dataset(10) for split in ("train", "eval")}
    for each in splits.values():
        number_column(each, "mass", [(0, 1, 5), (1, 4, 5)])
        text_column(each, HOSTILE, {HOSTILE: 6, "Dream": 4})
    write_statistics(story.output(run, "statistics"), splits)
    evaluation = story.output(run, "evaluation")
    slices = [
        metrics({"island": name}, {"auc": auc, "example_count": 8})
        for name, auc in ((HOSTILE, 0.6), ("Dream", 0.8))
    ]
    rows = [(-1e-7, 4, 4, 0, 0), (0.25, 4, 2, 2, 0), (0.5, 0, 0, 4, 4)]
    write_evaluation(evaluation, [metrics({}, {"auc": 0.7}), *slices], [thresholds(rows)])
    (evaluation / "wrong.jsonl").write_text(json.dumps(WRONG))
    write_spec(story.runs / run)
    return notebook.show(runs=story.runs)


@pytest.fixture
def framed(chromium, tmp_path):
    """Shows a part of a report as a notebook does; what is in the frame."""

    def framed(part):
        file = tmp_path / "notebook.html"
        file.write_text(f"<!doctype html><title>notebook</title>{part._repr_html_()}")
        return chromium.open(file).frame()

    return framed


def test_the_last_run_is_shown_unless_one_is_named(story):
    first, last = story.run(), story.run(epochs=2)

    assert f"Run {last} of birds: blessed\n  reason   1 rule\n" in repr(
        notebook.show(runs=story.runs)
    )
    assert f"Run {first} of birds" in repr(notebook.show(first, runs=str(story.runs)))


def test_two_runs_are_compared(story):
    old, new = story.run(), story.run(epochs=2)

    both = notebook.show(old, new, runs=story.runs)

    assert f"{old}, then {new}</title>" in both.page()
    assert repr(both) == f"{both.old!r}\n\n{both.new!r}"
    assert both.new.evaluation.title == f"Evaluation of run {new}"
    assert [each.name for each in both.facts.differences.spec] == ["training.epochs"]


@pytest.mark.parametrize("name", ["2031", "lst", "2026"])
def test_a_run_that_is_not_there_is_told_of_as_by_the_command(story, headrace, name):
    story.run()
    story.run()

    with pytest.raises(SpecError) as raised:
        notebook.show(name, runs=story.runs)

    assert headrace("report", name).text == f"error: {raised.value}\n"


def test_a_folder_without_runs_is_told_of_as_by_the_command(headrace, tmp_path):
    with pytest.raises(SpecError) as raised:
        notebook.show(runs=tmp_path / "elsewhere")

    assert headrace("report", "--runs", "elsewhere").text == f"error: {raised.value}\n"


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_shows_itself_alone(report, section):
    part = getattr(report, section)

    assert re.findall('<section id="([a-z]+)"', part.page()) == [section]
    assert part.title == f"{section.capitalize()} of run {report.facts.shown.run}"


@pytest.mark.parametrize("part", ["page", *SECTIONS])
def test_a_part_is_one_frame_with_the_page_in_it_and_may_nothing_but_run_scripts(report, part):
    shown = report if part == "page" else getattr(report, part)

    ((tag, attributes),) = Tags(shown._repr_html_()).found

    assert tag == "iframe"
    assert attributes["srcdoc"] == shown.page()
    assert attributes["sandbox"] == "allow-scripts"
    assert attributes["title"] == shown.title


def test_a_part_without_charts_has_not_their_megabyte(report):
    assert len(report.lineage._repr_html_()) < 100_000 < len(report.data.page())


def test_python_has_the_facts_behind_each_section(report):
    told = report.facts

    parts = [getattr(report, section).facts for section in SECTIONS]

    assert parts == [
        told.verdict, told.data, told.training, told.evaluation, told.served, told.places,
    ]  # fmt: skip


def test_python_has_tables_of_metrics_slices_columns_and_wrong_rows(report):
    evaluation = report.evaluation

    assert evaluation.metrics["value"].to_dict() == {"auc": 0.7}
    assert evaluation.slices["auc"].to_dict() == {f"island = {HOSTILE}": 0.6, "island = Dream": 0.8}
    assert evaluation.wrong["island"].to_list() == [HOSTILE]
    assert report.data.features.loc[("mass", "train"), ["min", "max"]].to_list() == [0, 4]


def test_what_a_run_has_not_is_said(story):
    run = story.run(ends="failed")

    report = notebook.show(runs=story.runs)

    why = f"Evaluation of run {run}: not here: Evaluator did not run: Trainer failed"
    assert repr(report.evaluation) == why
    with pytest.raises(ValueError, match=why):
        _ = report.evaluation.slices


def test_the_import_takes_nothing_that_is_heavy():
    heavy = "'tensorflow', 'tfx', 'apache_beam', 'pyarrow', 'keras', 'pandas', 'vl_convert'"
    program = (
        f"import sys, pipeline.notebook; print([name for name in ({heavy}) if name in sys.modules])"
    )

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert told.stdout == "[]\n"


def test_a_frame_shows_what_the_data_holds_as_text_and_asks_for_nothing(report, framed, chromium):
    with framed(report) as frame:
        assert frame.charts() >= {"column-0", "column-1", "by-threshold", "calibration", "slices"}
        assert frame.value("document.querySelector('#slices tbody th').textContent").startswith(
            "island = <script>document.title"
        )
        assert frame.value("document.title").startswith("birds: blessed")
        assert frame.value("document.images.length") == 0
        assert frame.value("performance.getEntriesByType('resource').length") == 0
        assert frame.errors == []
    assert chromium.value("document.title") == "notebook"
    assert chromium.is_quiet()


def test_within_a_frame_charts_in_view_are_drawn_and_the_threshold_moves(report, framed):
    with framed(report.evaluation) as frame:
        frame.value("document.querySelector('[data-chart=roc]').scrollIntoView()")
        frame.until("document.querySelector('[data-chart=roc]').dataset.drawn === 'whole'")

        frame.value(
            "const s = document.getElementById('threshold'); s.value = 1;"
            "s.dispatchEvent(new Event('input'))"
        )

        assert frame.value("document.getElementById('chosen').textContent") == "0.25"
        # 4 of 6 are right
        assert frame.value("document.querySelector('[data-rate]').textContent") == "66.7 %"
        frame.until("document.querySelectorAll('[data-chart=roc] .mark-symbol path').length === 1")
        assert frame.errors == []


def test_within_a_frame_a_link_leads_to_its_place_on_the_page(report, framed):
    with framed(report) as frame:
        frame.value("document.querySelector('#verdict a[href=\"#node-Trainer\"]').click()")

        frame.until("document.getElementById('node-Trainer').open && scrollY > 0")
        assert frame.value("location.href") == "about:srcdoc"
