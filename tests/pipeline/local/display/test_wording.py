"""Texts, seconds and megabytes as a terminal takes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.display.wording import duration, memory, one_line, printable


@given(st.text())
def test_nothing_in_a_text_reaches_the_terminal_but_visible_characters_and_ends_of_lines(text):
    assert all(character == "\n" or character.isprintable() for character in printable(text))


@given(st.text())
def test_a_text_that_was_made_printable_stays_as_it_is(text):
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("größer als 3 €\n[red]", "größer als 3 €\n[red]"),
        ("clears \x1b[2J the screen", r"clears \x1b[2J the screen"),
        ("a title \x1b]0;mine\x07", r"a title \x1b]0;mine\x07"),
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("a\tb\rc", "a b c"),
        ("turned \u202eround", r"turned \u202eround"),  # right to left, hides what comes
        ("half of a pair \ud800", r"half of a pair \ud800"),
    ],
)
def test_what_would_move_the_cursor_or_hide_text_is_written_out(text, shown):
    assert printable(text) == shown


def test_a_long_text_on_one_line_says_how_much_is_missing():
    assert one_line("one\ntwo\x85three") == "one two three"
    assert one_line("0123456789", most=4) == "0123… (6 more characters)"
    assert one_line("0123", most=4) == "0123"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (13.44, "13.4 s"),
        (59.94, "59.9 s"),
        (59.96, "1 m 00 s"),
        (725, "12 m 05 s"),
        (3599.6, "1 h 00 m"),
        (3725, "1 h 02 m"),
        (360_000, "100 h 00 m"),
    ],
)
def test_seconds_are_told_in_units_that_fit_them(seconds, shown):
    assert duration(seconds) == shown


def test_memory_is_told_where_it_was_measured():
    assert (memory(1234.4), memory(None)) == ("1,234 MB", "")
