"""The nodes of a run as a table for a terminal."""

import io
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions
from rich.spinner import Spinner

from pipeline.local.display.table import live_table, nearest, summary
from pipeline.local.result import Node


def drawn(table, width):
    """The lines of a table as a terminal without colours shows them."""
    text = io.StringIO()
    Console(file=text, width=width).print(table)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def live(nodes, width=80, height=24, fractions=None, passed=0.0, with_memory=True):
    size = ConsoleDimensions(width, height)
    spinner = Spinner("line")
    return drawn(live_table(nodes, fractions or {}, passed, spinner, size, with_memory), width)


def at_the_end(nodes, width=200, folder=None):
    return drawn(summary(nodes, folder, width, with_memory=True), width)


def test_every_node_has_a_line_from_the_start():
    nodes = [
        Node(name="DataGate", state="done", cached=True, summary="fit to learn from"),
        Node(name="Transform", state="done", seconds=5.8, peak_mb=843, summary="22 columns [red]"),
        Node(name="Trainer", state="running", seconds=60, memory_mb=700, peak_mb=900),
        Node(name="Baseline", state="failed", seconds=2),
        Node(name="Evaluator"),
        Node(name="Pusher", state="skipped"),
    ]

    # A running node takes 700 MB now; five seconds have passed since it was told of.
    assert live(nodes, passed=5) == [
        "↺ DataGate     cached            fit to learn from",
        "✓ Transform     5.8 s    843 MB  22 columns [red]",
        "- Trainer    1 m 05 s    700 MB",
        "✗ Baseline      2.0 s",
        "· Evaluator",
        "- Pusher      skipped",
    ]


def test_what_does_not_fit_beside_a_node_is_cut_while_the_run_goes_on_and_folded_at_its_end():
    nodes = [Node(name="Trainer", state="done", seconds=1, summary="190 steps, val_auc 0.6675")]

    assert live(nodes, width=42) == ["✓ Trainer     1.0 s  190 steps, val_auc…"]
    assert at_the_end(nodes, width=42) == [
        "✓ Trainer     1.0 s  190 steps, val_auc",
        "                     0.6675",
    ]


def test_the_memory_makes_room_on_a_narrow_screen():
    nodes = [Node(name="ServingValidator", state="done", peak_mb=843, summary="p95 3.1 ms")]

    assert live(nodes, width=54) == ["✓ ServingValidator     0.0 s    843 MB  p95 3.1 ms"]
    assert live(nodes, width=42) == ["✓ ServingValidator     0.0 s  p95 3.1 ms"]


def test_where_no_memory_is_measured_there_is_no_column_for_it():
    nodes = [Node(name="Trainer", state="done", summary="190 steps")]

    assert live(nodes, with_memory=False) == ["✓ Trainer     0.0 s  190 steps"]


@pytest.mark.parametrize(
    ("fraction", "shown"),
    [
        (0.0, "──────────"),
        (0.3, "━━━───────"),
        (1.0, "━━━━━━━━━━"),
        (7.0, "━━━━━━━━━━"),
        (float("nan"), "──────────"),
    ],
)
def test_a_bar_tells_how_much_is_done(fraction, shown):
    nodes = [Node(name="Trainer", state="running", summary="epoch 3 of 10")]

    (line,) = live(nodes, fractions={"Trainer": fraction})

    assert line.endswith(f"{shown} epoch 3 of 10")


def test_no_bar_takes_the_room_of_the_text_on_a_narrow_screen():
    nodes = [Node(name="Trainer", state="running", summary="epoch 3 of 10")]

    (line,) = live(nodes, width=50, fractions={"Trainer": 0.3})

    assert "━" not in line


def test_more_nodes_than_lines_are_shown_around_those_that_run():
    states = ["done"] * 10 + ["running"] + ["waiting"] * 10
    nodes = [Node(name=f"node{index:02}", state=state) for index, state in enumerate(states)]

    # Six lines, of which one stays free, and one tells of what is not shown.
    lines = live(nodes, height=6)

    assert [line.split()[1] for line in lines[:-1]] == ["node08", "node09", "node10", "node11"]
    assert lines[-1] == "  and 8 done, 9 waiting"


def test_the_echo_of_ctrl_c_after_the_last_line_begins_no_other():
    text = io.StringIO()
    nodes = [Node(name="Trainer", state="running", summary="epoch 3 of 10, " * 9)]
    size = ConsoleDimensions(80, 24)

    Console(file=text, width=80).print(live_table(nodes, {}, 0.0, Spinner("line"), size, True))

    # with the spaces at its end, which are sent, too
    assert cell_len(text.getvalue().rstrip("\n") + "^C") == 80


def test_a_node_that_failed_stays_in_sight():
    states = ["failed"] + ["done"] * 10 + ["running"] + ["waiting"] * 10
    nodes = [Node(name=f"node{index:02}", state=state) for index, state in enumerate(states)]

    assert {"node00", "node11"} <= {node.name for node in nearest(nodes, 4)}


@given(
    st.lists(
        st.builds(
            Node,
            name=st.text(min_size=1),
            state=st.sampled_from(["waiting", "running", "done", "failed", "skipped"]),
            seconds=st.floats(0, 1e6),
            cached=st.booleans(),
            peak_mb=st.none() | st.floats(0, 1e7),
            summary=st.text(),
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(20, 200),
    st.integers(3, 60),
    st.booleans(),
)
def test_whatever_nodes_are_called_and_say_the_live_table_fits_the_screen(
    nodes, width, height, with_memory
):
    lines = live(nodes, width, height, {nodes[0].name: 0.5}, with_memory=with_memory)

    assert len(lines) < height
    assert max(map(cell_len, lines)) <= width


def test_at_the_end_a_failed_node_names_its_log(tmp_path):
    failed = Node(name="Trainer", state="failed", summary="killed", log="logs/Trainer.log")

    (line,) = at_the_end([failed], folder=tmp_path)

    assert line == f"✗ Trainer     0.0 s            log: {tmp_path}/logs/Trainer.log"


@pytest.mark.parametrize("log", [None, "/etc/passwd", "../../log.txt"])
def test_a_failed_node_without_a_log_within_its_run_says_why_it_failed(log):
    failed = Node(name="Trainer", state="failed", summary="killed", log=log)

    (line,) = at_the_end([failed], folder=pathlib.Path("/runs/7"))

    assert line.endswith("killed")
