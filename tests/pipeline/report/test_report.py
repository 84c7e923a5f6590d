"""The page of a run: what is on it, and what is said of what is not."""

import base64
import hashlib
import html
import json
import re
import shutil

import pytest

from pipeline.history.past import read
from pipeline.report import gathering, rendering
from pipeline.report.writing import write_comparison
from tests.pipeline.report.outputs import (
    confusion,
    dataset,
    metrics,
    number_column,
    text_column,
    write_evaluation,
    write_spec,
    write_statistics,
)

HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)>"
SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL)


def shown(page):
    """The text of a page, without its scripts and tags, spaces as one."""
    text = SCRIPT.sub(" ", page.read_text())
    text = re.sub(r"<style>.*?</style>", " ", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def test_a_run_begins_with_its_verdict_and_why(story, report_of):
    text = shown(report_of(story.run()))

    assert "✓ Blessed 1 rule" in text
    assert text.index("Blessed 1 rule") < text.index("Rules")
    assert "pushed to" in text
    assert "keras 3.15.1" in text  # among the fingerprints


def test_a_run_that_failed_shows_what_there_is_and_says_why_the_rest_is_not(story, report_of):
    text = shown(report_of(story.run(ends="failed")))

    assert "✕ Failed Trainer: out of luck" in text
    assert "mass" in text  # a column of the data, which was read before
    assert "Training Not here: Trainer failed." in text
    assert "Evaluation Not here: Evaluator did not run: Trainer failed." in text


def test_a_run_that_was_killed_has_a_report_too(story, report_of):
    text = shown(report_of(story.run(ends="killed")))

    assert "✕ Died it was killed before it could tell how it ended" in text
    assert "Evaluation Not here: Evaluator was not part of this run" in text


def test_a_run_that_had_not_begun_has_a_report_too(story, report_of):
    text = shown(report_of(story.run(ends="unbegun")))

    assert "Lineage Not here: no node had begun." in text


def test_what_was_removed_is_said_to_be_removed(story, report_of):
    run = story.run()
    shutil.rmtree(story.output(run, "statistics"))

    assert "Not here: what StatisticsGen made has been removed" in shown(report_of(run))


def test_a_damaged_evaluation_is_said_to_be_damaged(story, report_of):
    run = story.run()
    evaluation = story.output(run, "evaluation")
    write_evaluation(evaluation, [metrics({}, {"auc": 0.7})], [])
    (file,) = evaluation.glob("metrics*")
    file.write_bytes(file.read_bytes()[:-3])

    assert "ends in the middle of a record" in shown(report_of(run))


def test_nodes_lead_to_the_nodes_that_they_take_from(story, report_of):
    page = report_of(story.run()).read_text()

    assert '<a href="#node-Trainer">Trainer</a> model' in page
    assert 'id="node-Trainer"' in page


def test_data_is_compared_with_that_of_the_run_before(story, report_of):
    first = story.run(rows=(1.0, 2.0, 6.0))
    second = story.run(rows=(1.0, 2.0, 7.0))
    for run, counts in ((first, {"Dream": 5, "Biscoe": 5}), (second, {"Dream": 9, "Biscoe": 1})):
        train = dataset(10)
        text_column(train, "island", counts)
        write_statistics(story.output(run, "statistics"), {"train": train})

    text = shown(report_of(second))

    assert f"Drift is from run {first}" in text
    assert "0.400 0.147 0.879" in text  # L-infinity, Jensen-Shannon, PSI: test_distributions.py


def test_data_that_has_not_changed_is_said_to_be_the_same(story, report_of):
    first = story.run()

    text = shown(report_of(story.run(epochs=2)))

    assert f"No drift: the data is that of run {first}: it has not changed" in text


def test_whatever_is_in_the_data_is_text(story, report_of):
    run = story.run()
    train = dataset(10)
    text_column(train, HOSTILE, {HOSTILE: 6, "</script>": 4})
    number_column(train, "</script><b>", [(0, 1, 10)])
    write_statistics(story.output(run, "statistics"), {"train": train})
    key = {HOSTILE: HOSTILE}
    write_evaluation(
        story.output(run, "evaluation"), [metrics({}, {HOSTILE: 1}), metrics(key, {HOSTILE: 1})], []
    )

    page = report_of(run)

    scripts = SCRIPT.findall(page.read_text())
    assert [kind for kind, _ in scripts] == [
        ' type="application/json" id="charts"',
        ' type="module"',
        ' type="module"',
    ]
    markup = SCRIPT.sub("", page.read_text())
    assert "<img" not in markup
    assert "<b>" not in markup
    assert "<script>document.title" in shown(page)


def test_only_the_scripts_of_the_page_may_run_and_nothing_may_be_fetched(story, report_of):
    page = report_of(story.run()).read_text()

    policy = html.unescape(re.search('Content-Security-Policy" content="([^"]+)"', page)[1])
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for kind, text in SCRIPT.findall(page)
        if "module" in kind
    ]
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]


def test_five_hundred_columns_and_two_hundred_classes_are_a_page_of_bounded_size(story, report_of):
    run = story.run()
    splits = {}
    for split in ("train", "valid", "eval"):
        splits[split] = dataset(1000)
        for at in range(250):
            values = {f"a value of some length, number {value}": 10 for value in range(1000)}
            text_column(splits[split], f"text_{at:03}", values)
            ranges = [(value, value + 0.123456, 100) for value in range(10)]
            number_column(splits[split], f"number_{at:03}", ranges)
    write_statistics(story.output(run, "statistics"), splits)
    cells = {(actual, predicted): 1 for actual in range(200) for predicted in range(200)}
    slices = [metrics({"island": f"{at}"}, {"accuracy": at / 2000}) for at in range(2000)]
    write_evaluation(
        story.output(run, "evaluation"),
        [metrics({}, {"accuracy": 0.5}), *slices],
        [confusion(cells)],
    )
    classes = [f"class {at}" for at in range(200)]
    write_spec(story.runs / run, label={"column": "rare", "task": "multiclass", "classes": classes})

    page = report_of(run)

    assert page.stat().st_size < 5e6
    text = shown(page)
    assert "number_249" in text
    assert "30 of 200 classes, the most confused" in text
    assert "1,700 better slices left out" in text


def test_two_runs_are_compared_on_one_page(story):
    old, new = story.run(), story.run(epochs=2)
    file = story.runs / "both.html"

    write_comparison(*(read(story.runs / run, None) for run in (old, new)), file)

    text = shown(file)
    assert f"Run {old} , then run {new}" in text
    assert "training.epochs 1 2" in text
    assert "auc 0.71 0.72 +0.01" in text


@pytest.mark.parametrize("broken", ["request.json", "result.json"])
def test_a_run_whose_files_cannot_be_read_has_a_report(story, report_of, broken):
    run = story.run()
    (story.runs / run / broken).write_text('{"half":')

    assert "birds" in shown(report_of(run)) or broken == "request.json"


@pytest.mark.parametrize("section", rendering.SECTIONS)
def test_a_section_alone_has_neither_the_others_nor_their_charts(story, section):
    told = gathering.of_run(read(story.runs / story.run(), None))

    alone, whole = rendering.of_run(told, [section]), rendering.of_run(told)

    assert re.findall('<section id="([a-z]+)"', alone) == [section]
    assert re.findall('<section id="([a-z]+)"', whole) == list(rendering.SECTIONS)
    assert "<h1>" not in alone
    links = set(re.findall('href="#([^"]+)"', alone)) - {"main"}
    assert links <= set(re.findall('id="([^"]+)"', alone))
    kept = json.loads(SCRIPT.findall(alone)[0][1])["charts"]
    assert set(kept) == set(re.findall('data-chart="([^"]+)"', alone))
