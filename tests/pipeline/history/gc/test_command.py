"""`headrace gc` while a run goes on, and where it may not write."""

import subprocess
import sys

import pytest

HOLD = """
import pathlib, sys, time
from pipeline.local.lock import locked
with locked(pathlib.Path(sys.argv[1]), "run 7", lambda holder: None):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def going_on(story):
    """A process that holds the lock of the runs."""
    story.run()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(story.runs)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.mark.parametrize("options", [[], ["--yes"]])
def test_while_a_run_goes_on_it_refuses(story, headrace, going_on, monkeypatch, options):
    monkeypatch.setattr("pipeline.history.gc.command._PATIENCE_SECONDS", 0.0)

    told = headrace("gc", *options)

    assert told.code == 6
    assert told.text == (
        f"error: run 7 (process {going_on.pid}) is writing to runs; nothing was removed. "
        "Wait for its end\n"
    )


def test_while_a_run_goes_on_it_refuses_in_json_too(story, headrace, going_on, monkeypatch):
    monkeypatch.setattr("pipeline.history.gc.command._PATIENCE_SECONDS", 0.0)

    assert "is writing to runs" in headrace("gc", "--json").json["error"]


def test_what_cannot_be_removed_ends_in_a_sentence(story, headrace, monkeypatch):
    story.run(blessed=False)
    story.run(epochs=2, blessed=False)

    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder / "0"))

    monkeypatch.setattr("pipeline.history.gc.removing.shutil.rmtree", refuse)

    told = headrace("gc", "--keep", 1, "--yes")

    assert told.code == 1
    assert told.text.startswith("error: ")
    assert told.text.endswith("/0: Permission denied. Whatever is left, the next gc removes\n")


def test_it_keeps_at_least_one_run(headrace):
    assert headrace("gc", "--keep", 0).code == 2


def test_where_there_are_no_runs_it_makes_no_lock(headrace, tmp_path):
    (tmp_path / "runs").mkdir()

    assert headrace("gc").code == 2
    assert list((tmp_path / "runs").iterdir()) == []


def test_the_command_that_is_to_be_repeated_names_the_folder_as_a_shell_takes_it(
    story, headrace, tmp_path
):
    story.run(blessed=False)
    story.run(epochs=2, blessed=False)
    story.runs.rename(tmp_path / "my runs")

    told = headrace("gc", "--keep", 1, "--runs", "my runs")

    assert told.lines[-1].endswith("headrace gc --runs 'my runs' --keep 1 --yes")
