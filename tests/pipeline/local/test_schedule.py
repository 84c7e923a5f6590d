"""Which node may run when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.errors import SpecError
from pipeline.local.schedule import Schedule, after, before

# rows -> statistics -> gate -> model, and rows -> model
DIAMOND = {
    "rows": set(),
    "statistics": {"rows"},
    "gate": {"statistics"},
    "model": {"rows", "gate"},
}


def test_a_node_is_ready_once_all_that_it_waits_for_is_done():
    schedule = Schedule(DIAMOND)
    order = []

    while schedule.ready:
        (node,) = schedule.ready
        order.append(node)
        schedule.start(node)
        schedule.done(node)

    assert order == ["rows", "statistics", "gate", "model"]


def test_nodes_that_do_not_wait_for_each_other_are_ready_together():
    schedule = Schedule({"rows": set(), "schema": set(), "gate": {"rows", "schema"}})

    assert schedule.ready == ["rows", "schema"]


def test_what_depends_on_a_failed_node_cannot_run_and_the_rest_can():
    schedule = Schedule({**DIAMOND, "report": {"rows"}})
    schedule.start("rows")
    schedule.done("rows")
    schedule.start("statistics")

    lost = schedule.failed("statistics")

    assert lost == ["gate", "model"]
    assert schedule.ready == ["report"]


@st.composite
def dags(draw):
    """200 nodes, each waiting for some of those before it."""
    waits = {}
    for number in range(200):
        most = min(number, 5)
        earlier = st.integers(0, max(0, number - 1))
        waits[f"n{number}"] = (
            {f"n{each}" for each in draw(st.lists(earlier, max_size=most))} if number else set()
        )
    names = draw(st.permutations(list(waits)))
    return {name: waits[name] for name in names}


@given(dags(), st.data())
def test_200_nodes_each_run_once_and_after_all_that_they_wait_for(upstream, data):
    schedule, running, done = Schedule(upstream), [], []

    while schedule.ready or running:
        if schedule.ready and (not running or data.draw(st.booleans())):
            node = schedule.ready[0]
            assert upstream[node] <= set(done)
            schedule.start(node)
            running.append(node)
        else:
            node = running.pop(data.draw(st.integers(0, len(running) - 1)))
            schedule.done(node)
            done.append(node)

    assert sorted(done) == sorted(upstream)


@given(dags(), st.data())
def test_a_failure_costs_exactly_the_nodes_that_depend_on_it(upstream, data):
    broken = data.draw(st.sampled_from(sorted(upstream)))
    schedule, done, lost = Schedule(upstream), [], []

    while schedule.ready:
        node = schedule.ready[0]
        schedule.start(node)
        if node == broken:
            lost = schedule.failed(node)
        else:
            schedule.done(node)
            done.append(node)

    dependent = {node for node in upstream if broken in before(node, upstream)}
    assert set(lost) == dependent
    assert set(done) == set(upstream) - dependent - {broken}


def test_nodes_in_a_circle_are_refused_by_name():
    with pytest.raises(SpecError) as raised:
        Schedule({"rows": set(), "a": {"c", "rows"}, "b": {"a"}, "c": {"b"}})

    assert raised.value.problems == (
        "a waits for c waits for b waits for a: nodes in a circle can never run",
    )


def test_a_producer_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(SpecError) as raised:
        Schedule({"rows": set(), "gate": {"row"}, "model": {"weights"}})

    assert raised.value.problems == (
        "gate: waits for 'row', which is not there; did you mean 'rows'?",
        "model: waits for 'weights', which is not there",
    )


def test_what_comes_after_and_before_is_found_near_and_far():
    downstream = {name: [other for other in DIAMOND if name in DIAMOND[other]] for name in DIAMOND}

    assert list(after("rows", downstream)) == ["statistics", "model", "gate"]
    assert before("gate", DIAMOND) == {"rows", "statistics"}
