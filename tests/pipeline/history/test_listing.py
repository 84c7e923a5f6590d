"""`headrace runs`."""

import io
import json
import subprocess
import sys

import pytest
from rich.console import Console

from pipeline.history.listing import listing, show

HOLD = """
import pathlib, sys, time
from pipeline.local.lock import locked
with locked(pathlib.Path(sys.argv[1]), sys.argv[2], lambda holder: None):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holding(story):
    """A process that holds the lock of the runs, as what it is told."""
    processes = []

    def hold(what):
        words = [sys.executable, "-c", HOLD, str(story.runs), what]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_runs_are_listed_the_newest_first_with_how_they_ended(story, headrace):
    first = story.run()
    second = story.run(epochs=2, blessed=False)

    told = headrace("runs")

    # The second run takes Rows and StatisticsGen from the cache; 0.7 + 2 epochs / 100 is its AUC.
    assert told.code == 0
    assert [line.split() for line in told.lines[1:]] == [
        [second, "2026-01-01", "00:00", "birds", "not", "blessed", "12.5", "s", "4", "2", "auc",
         "0.72", "1", "rule"],
        [first, "2026-01-01", "00:00", "birds", "blessed", "12.5", "s", "6", "0", "auc", "0.71",
         "1", "rule"],
    ]  # fmt: skip


def test_columns_are_aligned_and_a_long_reason_is_whole_in_a_pipe(story, headrace):
    story.run()
    run = story.run(ends="failed")
    result = story.result(run).model_copy(update={"reason": "rain " * 60})
    (story.runs / run / "result.json").write_text(result.model_dump_json())

    titles, *rows = headrace("runs").lines

    assert [row.index("birds") for row in rows] == [titles.index("PIPELINE")] * 2
    assert rows[0].endswith(("rain " * 60).strip())


@pytest.mark.parametrize(
    ("width", "left_out"), [(80, {"WHEN", "PIPELINE"}), (100, {"WHEN"}), (140, set())]
)
def test_on_a_narrow_terminal_verdict_and_metric_keep_their_places(story, width, left_out):
    story.run()
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)

    show(console, listing(story.runs, 1))

    titles, row = console.file.getvalue().splitlines()
    assert {"WHEN", "PIPELINE", "VERDICT", "METRIC"} - set(titles.split()) == left_out
    assert "auc 0.71" in row


def test_as_json_every_run_has_all_its_metrics(story, headrace):
    run = story.run()

    told = headrace("runs", "--json").json

    assert told["folder"] == str(story.runs)
    (row,) = told["runs"]
    assert (row["run"], row["verdict"], row["ran"], row["cached"]) == (run, "blessed", 6, 0)
    assert row["metrics"] == {"accuracy": 0.75, "auc": 0.71}
    assert row["headline"] == {"auc": 0.71}  # the task is binary


def test_only_as_many_as_asked_for_are_listed_and_the_rest_is_counted(story, headrace):
    for _ in range(3):
        last = story.run()

    told = headrace("runs", "--limit", 1)

    assert [line.split()[0] for line in told.lines[1:]] == [last, "2"]
    assert told.lines[-1] == "2 older runs: --limit 3 lists all"


def test_a_run_that_was_killed_died(story, headrace):
    story.run(ends="killed", at="Evaluator")

    (row,) = headrace("runs", "--json").json["runs"]

    assert (row["verdict"], row["seconds"]) == ("died", None)
    assert row["ran"] == 5  # Evaluator began, and was killed


def test_a_run_that_holds_the_lock_is_running_and_dead_when_its_processes_are(
    story, headrace, holding
):
    other = story.run(ends="killed")
    run = story.run(ends="killed")
    process = holding(f"run {run}")

    verdicts = {row["run"]: row["verdict"] for row in headrace("runs", "--json").json["runs"]}
    process.kill()
    process.wait()
    later = {row["run"]: row["verdict"] for row in headrace("runs", "--json").json["runs"]}

    assert verdicts == {run: "running", other: "died"}
    assert later == {run: "died", other: "died"}


def test_looking_at_a_free_lock_leaves_it_free(story, headrace, holding):
    story.run(ends="killed")
    headrace("runs")

    holding("gc")


@pytest.mark.parametrize("torn", ["", "{", '{"run": 1}', "\x00"])
def test_a_result_that_is_not_whole_counts_as_none(story, headrace, torn):
    run = story.run()
    (story.runs / run / "result.json").write_text(torn)

    (row,) = headrace("runs", "--json").json["runs"]

    assert row["verdict"] == "died"


def test_a_metric_that_is_not_a_number_hides_nothing_of_the_run(story, headrace):
    run = story.run()
    path = story.runs / run / "result.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "metrics": {"auc": None}}))  # NaN, as a run writes it

    text = headrace("runs").lines[1]

    assert "blessed" in text
    assert "auc nan" in text


def test_what_a_run_says_is_printed_as_it_is_and_moves_no_cursor(story, headrace):
    run = story.run(ends="failed")
    result = story.result(run).model_copy(update={"reason": "[bold]no\x1b[2Jrows\nat all"})
    (story.runs / run / "result.json").write_text(result.model_dump_json())

    told = headrace("runs")

    assert told.lines[1].endswith(r"[bold]no\x1b[2Jrows at all")


def test_the_folder_can_be_given(story, headrace, tmp_path):
    run = story.run()
    story.runs.rename(tmp_path / "elsewhere")

    assert headrace("runs").code == 2
    assert run in headrace("runs", "--runs", tmp_path / "elsewhere").text


def test_without_a_folder_of_runs_it_says_where_to_look_in_json_too(tmp_path, headrace):
    assert headrace("runs", "--json").json["error"].startswith("runs: no such folder.")
