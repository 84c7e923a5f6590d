"""A folder of runs, and the command that asks about it."""

import pytest

from tests.pipeline.history.story import Story


@pytest.fixture
def story(tmp_path):
    return Story(tmp_path / "runs")
