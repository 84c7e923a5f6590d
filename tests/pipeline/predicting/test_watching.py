"""How far the scoring is, where a line cannot change."""

import io

from rich.console import Console

from modules.progress import LOGGER
from pipeline.predicting import watching


def told(silently):
    """What is printed while a step tells that it has gone through rows."""
    console = Console(file=io.StringIO())
    with watching.watched(console, silently):
        LOGGER.info("8,192 rows scored")
    LOGGER.info("of nobody's interest")
    return console.file.getvalue()


def test_rows_are_told_now_and_then(monkeypatch):
    monkeypatch.setattr(watching, "_SECONDS", 0)

    assert told(silently=False) == "8,192 rows scored\n"


def test_a_short_work_says_nothing_before_it_ends():
    assert told(silently=False) == ""


def test_nothing_is_told_beside_an_object(monkeypatch):
    monkeypatch.setattr(watching, "_SECONDS", 0)

    assert told(silently=True) == ""
