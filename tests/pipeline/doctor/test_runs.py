"""The runs so far, and the clock."""

import os
import time

import pytest

from pipeline.doctor import runs
from pipeline.local.lock import locked
from pipeline.local.requesting import Order, new_run, requested
from pipeline.local.result import Result

SPEC = """
name = "birds"
[data]
source = "birds.csv"
[label]
column = "species"
task = "binary"
[features]
mass = { kind = "numeric" }
"""


@pytest.fixture
def spec_file(tmp_path):
    """A spec whose folder has a space in its name."""
    (tmp_path / "my birds").mkdir()
    (tmp_path / "my birds" / "spec.toml").write_text(SPEC)
    return tmp_path / "my birds" / "spec.toml"


@pytest.fixture
def run(spec_file):
    """Begins a run of the spec in a folder of runs, and ends it if a verdict is given."""

    def run(folder, verdict=None, reason=""):
        folder.mkdir(exist_ok=True)
        run_id = new_run(folder)
        _, request = requested(spec_file, Order())
        (folder / run_id / "request.json").write_text(request.model_dump_json())
        if verdict:
            result = Result(
                run=run_id, pipeline="birds", verdict=verdict, reason=reason, seconds=1, nodes=[]
            )
            (folder / run_id / "result.json").write_text(result.model_dump_json())
        return run_id

    return run


def test_where_there_are_no_runs_there_is_nothing_to_mend(tmp_path):
    (finding,) = runs.going_on(tmp_path / "runs")

    assert (finding.state, finding.text) == ("ok", f"none yet in {tmp_path / 'runs'}")
    assert list(tmp_path.iterdir()) == []


def test_runs_that_came_to_their_end_are_counted(run, spec_file):
    folder = spec_file.parent / "runs"
    run(folder)  # killed, but not the latest
    run(folder, "blessed")

    (finding,) = runs.going_on(folder)

    assert (finding.state, finding.text) == ("ok", f"2 in {folder}")


def test_a_run_that_was_killed_can_be_gone_on_with(run, spec_file):
    folder = spec_file.parent / "runs"
    run_id = run(folder)

    (finding,) = runs.going_on(folder)

    assert finding.state == "warning"
    assert finding.text.startswith(f"the latest, {run_id}, did not come to its end: ")
    assert finding.mend == f"headrace run '{spec_file}' --resume"


def test_a_run_that_failed_can_be_too_also_where_its_folder_is_not_beside_the_spec(
    run, spec_file, tmp_path
):
    run(tmp_path / "elsewhere", "failed", "Trainer: the disk is full")

    (finding,) = runs.going_on(tmp_path / "elsewhere")

    assert finding.text.endswith("did not come to its end: Trainer: the disk is full")
    assert finding.mend == f"headrace run '{spec_file}' --resume --runs {tmp_path / 'elsewhere'}"


def test_who_holds_the_lock_is_named_and_is_no_run_to_go_on_with(run, spec_file):
    folder = spec_file.parent / "runs"
    run_id = run(folder)

    with locked(folder, f"run {run_id}", lambda _: None):
        (finding,) = runs.going_on(folder)

    assert finding.state == "warning"
    assert finding.text.startswith(f"run {run_id} (process {os.getpid()}) holds the lock")


def test_looking_at_the_lock_leaves_no_lock_behind(run, spec_file):
    folder = spec_file.parent / "runs"
    run(folder, "blessed")

    list(runs.going_on(folder))

    assert not (folder / ".lock").exists()


@pytest.mark.parametrize("newest", ["", "request.json"])
def test_a_clock_that_is_behind_the_newest_file_is_a_warning(run, tmp_path, newest):
    run_id = run(tmp_path / "runs")
    assert [finding.state for finding in runs.clock(tmp_path / "runs")] == ["ok"]

    ahead = time.time() + 7200
    os.utime(tmp_path / "runs" / run_id / newest, (ahead, ahead))

    (finding,) = runs.clock(tmp_path / "runs")
    assert finding.state == "warning"
    assert finding.text.startswith("2.0 hours behind the newest file")
