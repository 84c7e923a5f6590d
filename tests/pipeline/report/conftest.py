"""Runs with real statistics and evaluations."""

import pytest

from pipeline.history.past import read
from pipeline.report.writing import write_report
from tests.pipeline.history.story import Story


@pytest.fixture
def story(tmp_path):
    return Story(tmp_path / "runs")


@pytest.fixture
def report_of(story):
    """Writes the report of a run of the story; its path."""

    def report_of(run):
        file = story.runs / run / "report.html"
        write_report(read(story.runs / run, None), file)
        return file

    return report_of
