"""Nodes of a made-up DAG in processes of their own, with TFX's launcher and ML Metadata."""

import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

from pipeline import lineage

ROOT = pathlib.Path(__file__).parents[3]


class Ran:
    """The events of a run, and what it left."""

    def __init__(self, folder, run, output):
        self.folder, self.run = folder, run
        self.events = [json.loads(line) for line in output.splitlines()]

    def of(self, event, node=None):
        return [
            each
            for each in self.events
            if each["event"] == event and node in (None, each.get("node"))
        ]

    @property
    def done(self):
        return [event["node"] for event in self.of("finished") if not event["cached"]]

    @property
    def cached(self):
        return [event["node"] for event in self.of("finished") if event["cached"]]

    @property
    def failed(self):
        return {event["node"]: event["problems"] for event in self.of("failed")}

    def why(self, node):
        return next(
            event["why"] for event in self.events if event.get("node") == node and event.get("why")
        )

    def made(self, node):
        record = self.folder / "runs" / self.run / "records" / f"{node}.json"
        (output,) = json.loads(record.read_text())["outputs"]["made"]
        return pathlib.Path(output["uri"])


@pytest.fixture(scope="module")
def runner():
    """A process that runs DAGs; what is heavy is imported once for all of them."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.pipeline.local.dag"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()


@pytest.fixture
def run(runner, tmp_path):
    """Runs a DAG, given as {node: ([nodes before it], behaviour)}."""
    count = 0

    def run(nodes, disturb=None, **given):
        nonlocal count
        count += 1
        dag = {name: {"after": after, "does": does} for name, (after, does) in nodes.items()}
        request = {"folder": str(tmp_path), "nodes": dag, "run": f"run-{count}", **given}
        events = tmp_path / f"{request['run']}.events"
        runner.stdin.write(json.dumps(request) + "\n")
        runner.stdin.flush()
        if disturb:
            disturb(runner.pid, events)
        ended = runner.stdout.readline()
        assert disturb or ended == "0\n"
        return Ran(tmp_path, request["run"], events.read_text())

    return run


def test_nodes_that_do_not_wait_for_each_other_run_at_the_same_time(run, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"

    ran = run(
        {"one": ([], f"meet {one} {two}"), "two": ([], f"meet {two} {one}")}, local={"parallel": 2}
    )

    assert sorted(ran.done) == ["one", "two"]


def test_never_more_nodes_run_than_the_spec_allows(run):
    ran = run({f"n{each}": ([], "sleep 0.2") for each in range(4)}, local={"parallel": 1})

    at_once = most = 0
    started = set()
    for event in ran.events:
        if event["event"] == "started" and event["node"] not in started:
            started.add(event["node"])
            at_once += 1
            most = max(most, at_once)
        at_once -= event["event"] == "finished"
    assert most == 1


@pytest.mark.parametrize(
    ("does", "problem"),
    [
        ("crash SIGSEGV", "was ended by SIGSEGV (Segmentation fault) after "),
        ("crash SIGKILL", "was ended by SIGKILL (Killed) after "),
        ("exit 7", "ended with exit code 7 after "),
        ("raise on purpose", "RuntimeError: on purpose"),
    ],
)
def test_a_crash_names_its_node_and_what_does_not_depend_on_it_is_done(run, does, problem):
    ran = run({"rows": ([], "write a"), "bad": (["rows"], does), "good": (["rows"], "write b"),
               "late": (["bad"], "write c")})  # fmt: skip

    assert sorted(ran.done) == ["good", "rows"]
    (sentence,) = ran.failed["bad"]
    assert sentence.startswith(problem)
    assert list(ran.failed) == ["bad"]
    assert "late" not in {event["node"] for event in ran.of("started")}


def test_what_was_under_way_when_a_node_was_killed_is_failed_in_ml_metadata(run, tmp_path):
    ran = run({"bad": ([], "crash SIGKILL")})

    lineage.settle(tmp_path / "runs", [ran.run, "never-was"])

    with lineage.opened(tmp_path / "runs") as store:
        states = [execution.last_known_state for execution in store.get_executions()]
    assert states == [lineage.pb.Execution.FAILED]


def test_a_node_that_takes_too_long_is_ended_with_its_children(run):
    limited = {"stages": {"slow": {"timeout_minutes": 0.05}}}

    ran = run({"slow": ([], "sleep 100"), "other": ([], "write a")}, local=limited)

    (sentence,) = ran.failed["slow"]
    assert sentence.startswith("was not done within 0.05 minutes and was ended after ")
    assert "local.stages.slow.timeout_minutes" in sentence
    assert ran.done == ["other"]


def test_a_crash_is_tried_again_and_nothing_half_written_is_left(run, tmp_path):
    ran = run({"shaky": ([], f"once {tmp_path / 'tried'}")}, local={"retries": 1})

    assert ran.done == ["shaky"]
    assert ran.made("shaky").read_text() == str(tmp_path / "tried")
    assert ran.of("started", "shaky")[-1]["why"][0].startswith("try 1 of 2: was ended by SIGKILL")


def test_bad_input_is_not_tried_again(run):
    ran = run({"rows": ([], "refuse no rows")}, local={"retries": 3})

    assert ran.failed == {"rows": ["no rows"]}
    assert ran.of("failed")[0]["exit_code"] == 3


def test_what_has_not_changed_is_served_by_the_cache_and_the_rest_runs(run):
    dag = {"rows": ([], "write a"), "gate": (["rows"], "write b"), "model": (["gate"], "write c")}
    run(dag)

    again = run(dag)
    edited = run({**dag, "gate": (["rows"], "write B")})

    assert again.cached == ["rows", "gate", "model"]
    assert again.why("model") == ["nothing it depends on has changed since run run-1"]
    assert (edited.cached, edited.done) == (["rows"], ["gate", "model"])
    assert edited.why("gate") == ["does: write b, now write B"]
    assert edited.why("model") == ["input given changed"]


def test_a_node_that_comes_to_the_same_result_costs_nothing_downstream(run):
    dag = {"rows": ([], "sleep 0"), "model": (["rows"], "write c")}
    run(dag)

    ran = run({**dag, "rows": ([], "tell 0")})  # writes the same text

    assert (ran.done, ran.cached) == (["rows"], ["model"])


@pytest.mark.parametrize("damage", ["gone", "cut short", "flipped"])
def test_an_output_that_was_damaged_is_made_again(run, damage):
    dag = {"rows": ([], "write abc"), "gate": (["rows"], "write def")}
    file = run(dag).made("rows")
    match damage:
        case "gone":
            file.unlink()
        case "cut short":
            os.truncate(file, 1)
        case "flipped":
            before = file.stat()
            file.write_text("abb")
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    ran = run(dag)

    assert (ran.done, ran.cached) == (["rows"], ["gate"])
    assert ran.made("rows").read_text() == "abc"


def test_no_cache_runs_every_node_and_no_cache_for_one_only_that(run):
    dag = {"rows": ([], "write a"), "gate": (["rows"], "write b")}
    run(dag)

    assert run(dag, uncached=["*"]).done == ["rows", "gate"]
    ran = run(dag, uncached=["gate"])
    assert (ran.cached, ran.done) == (["rows"], ["gate"])
    assert ran.why("gate") == ["the cache was switched off for it by --no-cache"]


def test_from_runs_a_node_and_all_that_follows_and_to_ends_with_one(run):
    dag = {"rows": ([], "write a"), "gate": (["rows"], "write b"), "model": (["gate"], "write c")}
    run(dag)

    ran = run(dag, first="gate")
    assert (ran.cached, ran.done) == (["rows"], ["gate", "model"])
    ran = run(dag, last="gate")
    assert (ran.cached, ran.done) == (["rows", "gate"], [])
    ran = run(dag, first="gate", last="gate")
    assert (ran.cached, ran.done) == (["rows"], ["gate"])


def test_a_resumed_run_does_not_do_again_what_it_had_done_without_a_cache(run, tmp_path):
    dag = {"rows": ([], "write a"), "gate": (["rows"], f"once {tmp_path / 'tried'}")}
    first = run(dag, uncached=["*"])
    assert (first.done, list(first.failed)) == (["rows"], ["gate"])

    resumed = run(dag, uncached=["*"], resumes="run-1")

    assert (resumed.cached, resumed.done) == (["rows"], ["gate"])


def test_a_gpu_is_seen_only_by_nodes_that_use_it(run):
    ran = run({"rows": ([], "gpu")})

    assert ran.made("rows").read_text() == "-1"


def test_what_a_node_says_and_prints_is_heard_and_kept(run, tmp_path):
    ran = run({"rows": ([], "tell half way")})

    assert "half way" in [event["text"] for event in ran.of("progress", "rows")]
    assert "half way" in (tmp_path / "runs" / ran.run / "logs" / "rows.log").read_text()


def killing(random):
    """Kills the worker with all its nodes, or one node, at some moment of a run."""

    def kill(runner, events):
        done = random.randint(0, 7)  # nodes that may end before
        while not events.exists() or events.read_text().count('"finished"') < done:
            time.sleep(0.01)
            if events.exists() and '"failed"' in events.read_text():
                break
        time.sleep(random.uniform(0, 0.3))
        workers = psutil.Process(runner).children()
        nodes = [node for worker in workers for node in worker.children()]
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if nodes and random.random() < 0.5:
                nodes[-1].kill()
            elif workers:
                os.killpg(workers[0].pid, signal.SIGKILL)  # as the command does

    return kill


@pytest.mark.parametrize("seed", range(30))
def test_a_run_that_is_killed_anywhere_is_gone_on_with_to_the_same_end(run, tmp_path, seed):
    before = {"a": [], "b": [], "c": ["a"], "d": ["a"], "e": ["c", "d"], "f": ["b"], "g": ["e"],
              "h": ["g", "f"]}  # fmt: skip
    dag = {node: (others, f"slowly {node}") for node, others in before.items()}

    killed = run(dag, killing(random.Random(seed)))
    resumed = run(dag, resumes="run-1")

    assert set(resumed.done) | set(resumed.cached) == set(dag)
    assert set(killed.done) <= set(resumed.cached)
    assert {node: resumed.made(node).read_text() for node in dag} == {
        node: node * 2 for node in dag
    }
    with lineage.opened(tmp_path / "runs") as store:
        states = {execution.last_known_state for execution in store.get_executions()}
    assert lineage.pb.Execution.COMPLETE in states
