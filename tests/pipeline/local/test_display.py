"""A run as people watch it."""

import io

from rich.console import Console

from pipeline.local.display import Lines, Lively
from pipeline.local.result import Node

NODES = [
    Node(name="Trainer", state="done", seconds=2.25, summary="3 steps [red]"),
    Node(name="Evaluator", state="running"),
    Node(name="Pusher"),
]


def test_without_a_terminal_a_stage_is_a_line_once_it_has_ended():
    text = io.StringIO()
    display = Lines(Console(file=text, width=200))

    display.show(NODES)
    display.show(NODES)

    # Markup in what came out is text like any other.
    assert text.getvalue() == "Trainer    done      2.2 s  3 steps [red]\n"


def test_on_a_terminal_every_stage_has_a_line_from_the_start():
    text = io.StringIO()

    with Lively(Console(file=text, width=100, force_terminal=True)) as display:
        display.show(NODES)

    shown = text.getvalue()
    assert "2.2 s" in shown
    assert "3 steps [red]" in shown
    assert all(name in shown for name in ("Trainer", "Evaluator", "Pusher"))
