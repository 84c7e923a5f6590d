"""What a report says of the run before."""

import pytest

from pipeline.history.past import read
from pipeline.report import gathering
from pipeline.report.facts import earlier
from pipeline.report.facts.sources import Absent
from tests.pipeline.report.test_report import shown


@pytest.fixture
def since(story):
    """What differs from the run before."""
    return lambda run: earlier.since(read(story.runs / run, None))


def test_a_run_is_compared_with_the_latest_before_it_that_came_to_a_verdict(story, since):
    story.run(epochs=1)
    latest = story.run(epochs=2, blessed=False)
    story.run(ends="failed")
    story.run(ends="killed")
    last = story.run(epochs=5)

    told = since(last)

    assert told.old == latest
    # AUC is 0.7 + epochs / 100.
    assert [(each.name, round(each.change, 9)) for each in told.metrics] == [("auc", 0.03)]
    assert [each.name for each in told.spec] == ["training.epochs", "evaluation.rules[0].min"]


def test_the_first_run_has_none_before_it_nor_has_one_of_another_pipeline(story, since):
    first, second = story.run(), story.run()
    path = story.runs / first / "result.json"
    path.write_text(path.read_text().replace('"birds"', '"bees"'))

    for run in (first, second):
        told = since(run)
        assert isinstance(told, Absent)
        assert told.why == "no earlier run of this pipeline has come to a verdict"


def test_a_comparison_of_two_runs_is_with_the_other_one(story):
    first, _, last = (read(story.runs / story.run(epochs=each), None) for each in (1, 2, 3))

    assert gathering.of_run(last, first).since.old == first.id


def test_the_page_says_what_was_changed_and_what_was_not(story, report_of):
    before = story.run(epochs=1)
    text = shown(report_of(story.run(epochs=4)))

    assert "metrics auc 0.71 0.74 +0.03" in text
    assert "spec training.epochs 1 4" in text
    assert f"Compared with run {before} . No difference in code, libraries, data." in text


def test_the_page_of_a_run_in_which_nothing_was_changed_says_so(story, report_of):
    story.run()

    text = shown(report_of(story.run()))

    assert "No difference in metrics, spec, code, libraries, data." in text


def test_data_that_differ_are_told_of_in_their_section(story, report_of):
    story.run(rows=(1.0, 2.0))

    text = shown(report_of(story.run(rows=(1.0, 2.0, 6.0))))

    assert "of the data differ: Data ." in text
