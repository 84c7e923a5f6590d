"""The highest version that can be loaded is served, whatever comes and goes."""

import shutil

import pytest

from modules.errors import SpecError
from pipeline.serving import versions
from pipeline.serving.versions import Versions
from tests.pipeline.serving.models import numbered, served

ROW = {"instances": [0.0]}


@pytest.fixture
def folder(tmp_path):
    """A serving folder with version 1; version N answers N."""
    numbered(tmp_path / "serving" / "1", 1)
    return tmp_path / "serving"


@pytest.fixture
def server(folder):
    with served(folder) as running:
        yield running


def answered(server):
    return server.predict(ROW).json["predictions"][0]


def states(server):
    told = server.ask("GET", "/v1/models/m").json["model_version_status"]
    return [(each["version"], each["state"]) for each in told]


def test_a_pushed_version_takes_over(folder, server):
    numbered(folder / "2", 2)

    before = answered(server)
    server.versions.look()

    assert (before, answered(server)) == (1, 2)
    assert states(server) == [("2", "AVAILABLE")]
    assert server.said == ["Version 2 is served now, in place of 1"]
    assert server.ask("POST", "/v1/models/m/versions/1:predict", ROW).status == 404
    assert server.metric("headrace_model_version") == 2


def test_versions_go_by_number_and_not_by_name(folder, server):
    numbered(folder / "10", 10)
    numbered(folder / "9", 9)

    server.versions.look()

    assert answered(server) == 10


def test_other_names_are_left_alone(folder, server):
    numbered(folder / "2", 2).rename(folder / ".pushing-2")
    for name in ("latest", "-3", "4.5", "٣", "9" * 30):
        (folder / name).mkdir()
    (folder / "5").write_text("a file")

    server.versions.look()

    assert answered(server) == 1
    assert server.said == []


def test_when_the_highest_is_removed_the_next_one_takes_over(folder, server):
    numbered(folder / "2", 2)
    server.versions.look()
    shutil.rmtree(folder / "2")

    still = answered(server)
    server.versions.look()

    assert (still, answered(server)) == (2, 1)
    assert server.said[-1] == "Version 1 is served now, in place of 2"


def test_a_version_that_is_removed_while_it_is_loaded_is_no_failure(folder, server, monkeypatch):
    numbered(folder / "2", 2)
    real = versions.load

    def removed(path, number):
        shutil.rmtree(path)
        return real(path, number)

    monkeypatch.setattr(versions, "load", removed)
    server.versions.look()

    assert answered(server) == 1
    assert states(server) == [("1", "AVAILABLE")]
    assert server.said == []


def test_a_version_that_is_removed_altogether_still_answers(folder, server):
    shutil.rmtree(folder)

    server.versions.look()

    assert answered(server) == 1
    assert states(server) == [("1", "AVAILABLE")]


def test_a_version_that_cannot_be_loaded_is_skipped_and_told(folder, server):
    numbered(folder / "2", 2)
    (folder / "2" / "saved_model.pb").write_bytes(b"half a graph")

    server.versions.look()
    server.versions.look()  # it is not tried again

    assert answered(server) == 1
    assert states(server) == [("2", "END"), ("1", "AVAILABLE")]
    (said,) = server.said
    assert said.startswith("Version 2 cannot be served and is skipped: ")
    told = server.ask("GET", "/v1/models/m/versions/2").json["model_version_status"]
    assert told[0]["status"]["error_code"] == "UNKNOWN"
    assert server.metric('headrace_model_loads_total{outcome="failed"}') == 1


def test_a_version_without_its_variables_is_skipped(folder, server):
    numbered(folder / "2", 2)
    shutil.rmtree(folder / "2" / "variables")

    server.versions.look()

    assert answered(server) == 1
    assert list(server.versions.failed) == [2]


def test_a_version_that_was_skipped_is_tried_again_when_it_has_changed(folder, server):
    (folder / "2").mkdir()
    server.versions.look()
    skipped = answered(server)
    shutil.rmtree(folder / "2")
    numbered(folder / "2", 2)

    server.versions.look()

    assert (skipped, answered(server)) == (1, 2)
    assert server.versions.failed == {}


def test_another_model_under_the_same_number_takes_over(folder, server):
    shutil.rmtree(folder / "1")
    numbered(folder / "1", 11)

    server.versions.look()

    assert answered(server) == 11


def test_versions_are_followed_in_the_background(folder, server):
    server.versions.follow()
    numbered(folder / "built", 2).rename(folder / "2")

    while answered(server) != 2:
        pass

    server.versions.end()


def test_a_folder_without_a_version_that_loads_says_why(tmp_path):
    (tmp_path / "3").mkdir()
    followed = Versions(tmp_path, lambda _: None, lambda *_: None)

    followed.look()

    with pytest.raises(SpecError, match=r"version 3: FileNotFoundError: .*saved_model\.pb"):
        _ = followed.model
