"""A run in a log or a pipe."""

import io

import pytest
from rich.console import Console

from pipeline.local.display.lines import Lines
from pipeline.local.result import Node


class Log:
    """What a display without a terminal has printed."""

    def __init__(self, **options):
        self._text = io.StringIO()
        self._display = Lines(Console(file=self._text, width=30, highlight=False), **options)

    def after(self, *nodes):
        """The lines that showing the nodes adds."""
        before = len(self._text.getvalue())
        self._display.show(list(nodes))
        return self._text.getvalue()[before:].splitlines()


def trainer(**changes):
    return Node(name="Trainer", **changes)


def test_a_node_is_a_line_once_it_has_ended():
    log = Log()
    # Markup in what came out is text like any other; the line is as long as it is.
    done = trainer(state="done", seconds=13.4, summary="190 steps [red]")

    nodes = [done, Node(name="Evaluator"), Node(name="Pusher", state="skipped")]

    assert log.after(*nodes) == ["Trainer    done     13.4 s  190 steps [red]"]
    assert log.after(*nodes) == []


@pytest.mark.parametrize(
    ("node", "line"),
    [
        (
            trainer(state="done", cached=True, summary="190 steps"),
            "Trainer  cached    0.0 s            190 steps",
        ),
        (
            trainer(state="done", seconds=2, peak_mb=843.2, summary="190 steps"),
            "Trainer  done      2.0 s    843 MB  190 steps",
        ),
        (
            trainer(state="failed", seconds=2, peak_mb=1843.2, summary="killed"),
            "Trainer  failed    2.0 s  1,843 MB  killed",
        ),
    ],
)
def test_a_line_tells_how_the_node_ended_and_its_memory_at_the_most(node, line):
    assert Log(with_memory=True).after(node) == [line]


def test_a_node_that_runs_for_long_gives_signs_of_life_at_growing_intervals():
    log = Log()

    told = [
        second
        for second in range(1500)
        if log.after(trainer(state="running", seconds=second, summary=f"step {second}"))
    ]

    # after 30 s, then whenever the time has doubled, and at least every 300 s
    assert told == [30, 60, 120, 240, 480, 780, 1080, 1380]


def test_a_sign_of_life_tells_how_far_the_node_is_and_what_it_takes_now():
    node = trainer(state="running", seconds=31, summary="epoch 3 of 10", memory_mb=700, peak_mb=900)

    lines = Log(with_memory=True).after(node)

    assert lines == ["Trainer  so far   31.0 s    700 MB  epoch 3 of 10"]


def test_a_node_that_starts_again_says_so_and_counts_anew():
    log = Log()
    log.after(trainer(state="running", seconds=0, why=["it has not run before"]))
    assert log.after(trainer(state="running", seconds=40, why=["it has not run before"]))

    why = ["it has not run before", "try 1 of 2: killed"]
    again = trainer(state="running", seconds=0, why=why, summary=why[1])

    assert log.after(again) == ["Trainer  again     0.0 s  try 1 of 2: killed"]
    assert log.after(trainer(state="running", seconds=29, why=why)) == []
    assert log.after(trainer(state="running", seconds=30, why=why)) == ["Trainer  so far   30.0 s"]


def test_a_node_whose_second_try_ends_has_a_line_for_each_end():
    log = Log()

    first = (
        log.after(trainer(state="running")),
        log.after(trainer(state="failed", summary="killed")),
    )
    log.after(trainer(state="running", why=["try 1 of 2: killed"]))
    second = log.after(trainer(state="done", why=["try 1 of 2: killed"], summary="190 steps"))

    assert first == ([], ["Trainer  failed    0.0 s  killed"])
    assert second == ["Trainer  done      0.0 s  190 steps"]


def test_what_a_node_says_can_neither_break_a_line_nor_steer_a_terminal():
    hostile = trainer(state="done", summary="two\nlines \x1b[2J")

    assert Log().after(hostile) == [r"Trainer  done      0.0 s  two lines \x1b[2J"]
