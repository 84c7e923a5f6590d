"""The JavaScript of the page."""

import pytest

from pipeline.report.bundle import bundle


@pytest.fixture(autouse=True)
def _afresh():
    bundle.cache_clear()
    yield
    bundle.cache_clear()


def test_the_bundle_is_made_once_for_a_user(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    made = bundle()

    (kept,) = (tmp_path / "headrace").iterdir()
    assert "vegaEmbed" in made
    assert kept.read_text() == made
    kept.write_text("window.vegaEmbed = () => {};")
    bundle.cache_clear()
    assert bundle() == kept.read_text()


def test_where_nothing_can_be_kept_it_is_made_anew(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert "vegaEmbed" in bundle()
