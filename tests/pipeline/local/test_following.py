"""How a run stands, from the events of its worker."""

import json
import math
import pathlib

import pytest

from components.evaluator.verdict import Judged
from pipeline.failure import ExitCode
from pipeline.local.following import Following
from pipeline.local.result import EVENTS, Failed, Finished, Memory, Planned, Progress, Started
from pipeline.spec import Spec

FOLDER = pathlib.Path("/runs/20130101-000000")
NODES = Planned(nodes=["Trainer", "Evaluator", "Pusher"])


def spec(*rules):
    return Spec.model_validate(
        {
            "name": "flights",
            "data": {"source": "flights.csv"},
            "label": {"column": "late", "task": "binary"},
            "features": {"distance": {"kind": "numeric"}},
            "evaluation": {"rules": list(rules)},
        }
    )


def judged(outcome, sentence):
    return Judged(metric="auc", bounds="value", min=0.6, outcome=outcome, sentence=sentence)


class Clock:
    """Stands in for `time`: tells what it is set to."""

    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("pipeline.local.following.time", clock)
    return clock


def after(spec, *events, last=None):
    following = Following(spec, last)
    for event in events:
        following.take(event)
    following.close()
    return following.ended(FOLDER, 12.3456)


def done(*of_last):
    """Events of a run in which every node ends well, with what the last ones tell."""
    finished = {event.node: event for event in of_last}
    events = [NODES]
    for node in NODES.nodes:
        events += [Started(node=node), finished.get(node, Finished(node=node, summary=""))]
    return events


def failure(node, *problems, code=ExitCode.CRASH):
    return Failed(node=node, exit_code=code, problems=list(problems))


def test_a_run_whose_nodes_all_end_well_is_blessed_with_its_metrics_and_version():
    rule = judged("holds", "auc is 0.7, at least 0.6")
    evaluator = Finished(
        node="Evaluator",
        summary="",
        metrics={"auc": 0.7},
        rules=[rule],
        sentence="1 rule holds",
    )
    pusher = Finished(node="Pusher", summary="", pushed="/serving/7")

    ended = after(spec({"metric": "auc", "min": 0.6}), *done(evaluator, pusher))

    assert ended.exit_code == ExitCode.BLESSED
    assert ended.problems == []
    result = ended.result
    assert (result.verdict, result.reason) == ("blessed", "1 rule holds")
    assert (result.metrics, result.pushed) == ({"auc": 0.7}, "/serving/7")
    assert result.rules == [rule]
    assert (result.run, result.pipeline, result.seconds) == ("20130101-000000", "flights", 12.346)
    assert [node.state for node in result.nodes] == ["done", "done", "done"]


def test_a_run_that_judged_no_model_says_so():
    trained = [Planned(nodes=["Trainer"]), Finished(node="Trainer", summary="")]

    assert after(spec(), *trained).result.reason == "no model was judged"


def test_each_node_that_refuses_the_model_says_why():
    evaluator = Finished(
        node="Evaluator", summary="", broken_rules=["a", "b", "c"], sentence="a; b; and 1 more"
    )
    checked = Finished(node="Pusher", summary="", broken_rules=["it answers NaN", "it is slow"])

    ended = after(spec(), *done(evaluator, checked))

    assert ended.exit_code == ExitCode.NOT_BLESSED
    assert ended.result.reason == "a; b; and 1 more; it answers NaN; it is slow"


def test_a_model_that_breaks_rules_is_not_blessed_and_each_rule_is_named():
    broken = ["auc is 0.5, expected at least 0.6", "recall is 0, expected at least 0.1"]
    evaluator = Finished(node="Evaluator", summary="", broken_rules=broken)

    ended = after(spec(), *done(evaluator))

    assert ended.exit_code == ExitCode.NOT_BLESSED
    assert (ended.result.verdict, ended.result.reason) == ("not_blessed", "; ".join(broken))


def test_a_failure_names_its_node_and_what_came_after_is_skipped():
    failed = failure("Trainer", "too few rows", "one class", code=ExitCode.GATE)

    ended = after(spec(), NODES, Started(node="Trainer"), failed)

    assert ended.exit_code == ExitCode.GATE
    assert ended.problems == ["Trainer: too few rows", "Trainer: one class"]
    assert ended.result.reason == "Trainer: too few rows; Trainer: one class"
    assert [node.state for node in ended.result.nodes] == ["failed", "skipped", "skipped"]


def test_a_failed_node_does_not_end_those_that_need_nothing_of_it():
    ended = after(
        spec(),
        NODES,
        Started(node="Trainer"),
        Started(node="Evaluator"),
        failure("Trainer", "no memory"),
        Finished(node="Evaluator", summary="auc 0.7", metrics={"auc": 0.7}),
    )

    assert [node.state for node in ended.result.nodes] == ["failed", "done", "skipped"]
    assert (ended.result.verdict, ended.result.reason) == ("failed", "Trainer: no memory")
    assert ended.result.metrics == {"auc": 0.7}


def test_of_several_failures_all_are_told_and_the_first_gives_the_exit_code():
    ended = after(
        spec(),
        NODES,
        Started(node="Trainer"),
        Started(node="Evaluator", log="logs/Evaluator.log"),
        failure("Evaluator", "no such column", code=ExitCode.BAD_DATA),
        failure("Trainer", "no memory"),
    )

    assert ended.exit_code == ExitCode.BAD_DATA
    assert ended.problems == ["Evaluator: no such column", "Trainer: no memory"]
    # The Trainer told of no log of its own: that of the run has what there is.
    assert [each.log for each in ended.failures] == ["logs/Evaluator.log", "log.txt"]


def test_a_failure_of_the_run_names_all_nodes_that_it_cut_short():
    interrupted = failure(None, "interrupted", code=ExitCode.INTERRUPTED)

    ended = after(spec(), NODES, Started(node="Trainer"), Started(node="Evaluator"), interrupted)

    assert ended.exit_code == ExitCode.INTERRUPTED
    assert ended.problems == ["Trainer, Evaluator: interrupted"]
    assert [node.state for node in ended.result.nodes] == ["failed", "failed", "skipped"]


def test_a_failure_of_the_run_between_its_nodes_is_told_of_the_run():
    ended = after(spec(), NODES, failure(None, "the disk is full"))

    assert ended.problems == ["run: the disk is full"]


def test_a_failure_that_a_later_try_makes_good_is_forgotten():
    events = done()
    again = [failure("Trainer", "killed"), Started(node="Trainer", why=["try 1 of 2: killed"])]

    ended = after(spec(), *events[:2], *again, *events[2:])

    assert ended.exit_code == ExitCode.BLESSED
    assert ended.result.nodes[0].why == ["try 1 of 2: killed"]


def test_why_a_node_runs_again_is_shown_and_kept_beside_why_it_ran():
    following = Following(spec())
    for event in (
        NODES,
        Started(node="Trainer", why=["it has not run before"]),
        Progress(node="Trainer", text="epoch 1 of 2"),
        Started(node="Trainer", why=["try 1 of 2: killed"]),
    ):
        following.take(event)

    trainer = following.nodes[0]
    assert trainer.summary == "try 1 of 2: killed"
    assert trainer.why == ["it has not run before", "try 1 of 2: killed"]


def test_each_node_has_its_own_seconds_from_its_last_start_to_its_end(clock):
    following = Following(spec())
    for clock.now, event in [
        (0, NODES),
        (1, Started(node="Trainer")),
        (3, Started(node="Evaluator")),
        (4, Started(node="Trainer")),  # again
        (8, Finished(node="Trainer", summary="")),
        (9, Memory(node="Evaluator", mb=1)),
    ]:
        following.take(event)

    # Trainer 4 to 8, Evaluator from 3 to now, 9; Pusher has not begun.
    assert [node.seconds for node in following.nodes] == [4, 6, 0]
    assert [node.started for node in following.nodes] == [4, 3, None]


def test_a_cached_node_began_when_the_cache_served_it(clock):
    following = Following(spec())
    clock.now = 2
    following.take(NODES)
    following.take(Finished(node="Trainer", summary="", cached=True))

    assert (following.nodes[0].started, following.nodes[0].seconds) == (2, 0)


def test_a_cached_node_is_done_without_having_run():
    why = ["nothing it depends on has changed since run 7"]
    cached = Finished(node="Trainer", summary="190 steps", cached=True, why=why)

    trainer = after(spec(), NODES, cached).result.nodes[0]

    assert (trainer.state, trainer.cached, trainer.seconds) == ("done", True, 0)
    assert (trainer.why, trainer.peak_mb) == (why, None)


def test_memory_is_known_now_while_a_node_runs_and_at_its_most_afterwards():
    following = Following(spec())
    for event in (
        NODES,
        Started(node="Trainer"),
        *(Memory(node="Trainer", mb=mb) for mb in (5, 9, 7)),
    ):
        following.take(event)

    trainer = following.nodes[0]
    assert (trainer.memory_mb, trainer.peak_mb) == (7, 9)

    for event in (Finished(node="Trainer", summary=""), Memory(node="Trainer", mb=11)):
        following.take(event)  # the last look came too late

    assert (trainer.memory_mb, trainer.peak_mb) == (None, 9)


def test_a_run_that_was_to_stop_before_a_model_is_judged_is_partial():
    nodes = Planned(nodes=["TableExampleGen", "Transform"])
    ends = [Finished(node=node, summary="", cached=True) for node in nodes.nodes]

    ended = after(spec({"metric": "auc", "min": 0.6}), nodes, *ends, last="Transform")

    assert ended.exit_code == ExitCode.BLESSED
    result = ended.result
    assert (result.verdict, result.reason) == ("partial", "stopped after Transform, as asked")


@pytest.mark.parametrize(("broken", "verdict"), [([], "blessed"), (["auc is 0.5"], "not_blessed")])
def test_a_run_that_was_to_stop_once_a_model_is_judged_has_its_verdict(broken, verdict):
    evaluator = Finished(node="Evaluator", summary="", broken_rules=broken)

    ended = after(spec(), Planned(nodes=["Evaluator"]), evaluator, last="Evaluator")

    assert ended.result.verdict == verdict


def test_a_partial_run_that_fails_has_failed():
    nodes = Planned(nodes=["Transform"])

    ended = after(spec(), nodes, failure("Transform", "no memory"), last="Transform")

    assert (ended.result.verdict, ended.exit_code) == ("failed", ExitCode.CRASH)


def test_a_worker_that_is_gone_before_its_nodes_are_done_is_a_crash():
    ended = after(spec(), NODES, Started(node="Trainer"))

    assert ended.exit_code == ExitCode.CRASH
    assert ended.problems == ["Trainer: the worker ended early"]


def test_a_worker_that_never_told_anything_is_a_crash():
    ended = after(spec())

    assert ended.exit_code == ExitCode.CRASH
    assert ended.problems == ["start: the worker ended early"]


def test_progress_is_shown_beside_the_node_that_runs_until_it_ends():
    following = Following(spec())
    for event in (
        NODES,
        Started(node="Trainer"),
        Started(node="Evaluator"),
        Progress(node="Trainer", text="epoch 1 of 2"),
    ):
        following.take(event)

    assert [node.summary for node in following.nodes] == ["epoch 1 of 2", "", ""]

    following.take(Finished(node="Trainer", summary="2 epochs"))
    following.take(Progress(node="Trainer", text="epoch 2 of 2"))  # late

    assert following.nodes[0].summary == "2 epochs"


def test_a_metric_that_is_no_number_reaches_the_result_as_null():
    told = Finished(node="Evaluator", summary="", metrics={"auc": float("nan")})

    heard = EVENTS.validate_json(told.model_dump_json())

    result = after(spec(), *done(heard)).result
    assert math.isnan(result.metrics["auc"])
    assert json.loads(result.model_dump_json())["metrics"] == {"auc": None}
