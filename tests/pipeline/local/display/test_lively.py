"""A run in a terminal."""

import io

import pytest
from rich.console import Console

from pipeline.local.display.lively import Lively
from pipeline.local.result import Node, Progress, Started

ERASED = "\x1b[2K"  # a line, before another frame is drawn


class Screen:
    """A terminal with a display on it."""

    def __init__(self, **options):
        self._text = io.StringIO()
        options = {"width": 100, "height": 24, "force_terminal": True, **options}
        self.display = Lively(Console(file=self._text, **options))

    def look(self):
        """What is on the screen now: the frame that was drawn last."""
        self.display._live.refresh()
        return self.frame

    @property
    def frame(self):
        return self._text.getvalue().rpartition(ERASED)[2]


@pytest.fixture
def screen():
    return Screen()


def test_what_is_shown_follows_the_run_until_it_is_its_summary(screen):
    trainer = Node(name="Trainer", state="running")

    with screen.display as display:
        assert "starting" in screen.look()

        display.show([trainer, Node(name="Pusher")])
        shown = screen.look()
        assert "Trainer" in shown
        assert "Pusher" in shown

        trainer.state, trainer.summary = "done", "190 steps, " * 20
        assert screen.look().count("190 steps") < 20  # it is cut

    assert screen.frame.count("190 steps") == 20


def test_a_failed_node_has_its_log_in_the_summary(screen, tmp_path):
    with screen.display as display:
        display.begin(tmp_path)
        display.show([Node(name="Trainer", state="failed", log="logs/Trainer.log")])

    assert "log:" in screen.frame


def test_the_bar_of_a_node_that_starts_again_is_gone(screen):
    with screen.display as display:
        display.show([Node(name="Trainer", state="running")])

        display.hear(Progress(node="Trainer", text="", fraction=0.5))
        assert "━" in screen.look()

        display.hear(Started(node="Trainer"))
        assert "━" not in screen.look()


def test_a_run_that_ends_before_it_has_nodes_leaves_no_table(screen):
    with screen.display:
        screen.look()

    assert "starting" not in screen.frame


def test_nodes_that_go_on_when_nobody_watches_any_longer_are_in_the_summary(screen):
    with screen.display as display:
        display.show([Node(name="Trainer", state="running")])

    assert "~ " in screen.frame.replace("\x1b[0m", "")
    assert "Trainer" in screen.frame


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}])
def test_no_colour_is_sent_where_none_is_wanted(environment):
    screen = Screen(_environ=environment)

    with screen.display as display:
        display.show([Node(name="Trainer", state="done"), Node(name="Pusher", state="failed")])

    # \x1b[3x is a colour; \x1b[2m, dim, is none
    assert "\x1b[3" not in screen.frame


def test_a_colour_is_sent_where_it_can_be_seen():
    screen = Screen(_environ={"TERM": "xterm"})

    with screen.display as display:
        display.show([Node(name="Trainer", state="done")])

    assert "\x1b[32m✓" in screen.frame
