"""How a run stands, from the events of its worker."""

import json
import math
import pathlib

import pytest

from pipeline.failure import ExitCode
from pipeline.local.following import Following
from pipeline.local.result import EVENTS, Failed, Finished, Planned, Progress, Started
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


def after(spec, *events):
    following = Following(spec)
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


def test_a_run_whose_nodes_all_end_well_is_blessed_with_its_metrics_and_version():
    evaluator = Finished(node="Evaluator", summary="", metrics={"auc": 0.7}, has_baseline=True)
    pusher = Finished(node="Pusher", summary="", pushed="/serving/7")

    ended = after(spec({"metric": "auc", "min": 0.6}), *done(evaluator, pusher))

    assert ended.exit_code == ExitCode.BLESSED
    assert ended.problems == []
    result = ended.result
    assert (result.verdict, result.reason) == ("blessed", "1 rule holds")
    assert (result.metrics, result.pushed) == ({"auc": 0.7}, "/serving/7")
    assert (result.run, result.pipeline, result.seconds) == ("20130101-000000", "flights", 12.346)
    assert [node.state for node in result.nodes] == ["done", "done", "done"]


@pytest.mark.parametrize(
    ("rules", "has_baseline", "reason"),
    [
        ([], False, "the spec has no rules"),
        ([{"metric": "auc", "min": 0.6}, {"metric": "auc", "max": 1}], False, "2 rules hold"),
        (
            [{"metric": "auc", "min": 0.6}, {"metric": "auc", "change_min": 0}],
            False,
            "1 rule holds, 1 not judged for want of a baseline",
        ),
        ([{"metric": "auc", "change_min": 0}], True, "1 rule holds"),
    ],
)
def test_a_verdict_says_how_many_rules_were_judged(rules, has_baseline, reason):
    evaluator = Finished(node="Evaluator", summary="", has_baseline=has_baseline)

    assert after(spec(*rules), *done(evaluator)).result.reason == reason


def test_a_model_that_breaks_rules_is_not_blessed_and_each_rule_is_named():
    broken = ["auc is 0.5, expected at least 0.6", "recall is 0, expected at least 0.1"]
    evaluator = Finished(node="Evaluator", summary="", broken_rules=broken)

    ended = after(spec(), *done(evaluator))

    assert ended.exit_code == ExitCode.NOT_BLESSED
    assert (ended.result.verdict, ended.result.reason) == ("not_blessed", "; ".join(broken))


def test_a_failure_names_its_node_and_what_came_after_is_skipped():
    failed = Failed(exit_code=ExitCode.GATE, problems=["too few rows", "one class"])

    ended = after(spec(), NODES, Started(node="Trainer"), failed)

    assert ended.exit_code == ExitCode.GATE
    assert ended.problems == ["Trainer: too few rows", "Trainer: one class"]
    assert [node.state for node in ended.result.nodes] == ["failed", "skipped", "skipped"]


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
    for event in (NODES, Started(node="Trainer"), Progress(text="epoch 1 of 2")):
        following.take(event)

    assert [node.summary for node in following.nodes] == ["epoch 1 of 2", "", ""]

    following.take(Finished(node="Trainer", summary="2 epochs"))

    assert following.nodes[0].summary == "2 epochs"


def test_a_metric_that_is_no_number_reaches_the_result_as_null():
    told = Finished(node="Evaluator", summary="", metrics={"auc": float("nan")})

    heard = EVENTS.validate_json(told.model_dump_json())

    result = after(spec(), *done(heard)).result
    assert math.isnan(result.metrics["auc"])
    assert json.loads(result.model_dump_json())["metrics"] == {"auc": None}
