"""Rows as aligned columns, and figures as people read them."""

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from pipeline.history.columns import count, figure, print_columns, size

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="#"), max_size=8)


def printed(rows, width=40, terminal=False, **how):
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    print_columns(console, rows, **how)
    return console.file.getvalue().splitlines()


def test_columns_are_as_wide_as_their_widest_text():
    assert printed([["a", "1", "x"], ["long", "20", "y z"]], right={1}, indent=1) == [
        " a      1  x",
        " long  20  y z",
    ]


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_the_second_column_begins_at_one_place_whatever_is_in_the_first(rows):
    lines = printed([(first, f"#{second}") for first, second in rows])

    assert len(lines) == len(rows)
    assert len({cell_len(line[: line.index("#")]) for line in lines}) == 1


def test_on_a_terminal_a_line_is_cut_and_in_a_file_it_is_whole():
    row = ["run", "because " * 10]

    assert len(printed([row], width=20, terminal=True)) == 1
    assert cell_len(printed([row], width=20, terminal=True)[0]) == 20
    assert printed([row], width=20) == [f"run  {'because ' * 10}".rstrip()]


@pytest.mark.parametrize(
    ("bytes_", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (99_940, "99.9 kB"),
        (99_960, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_234_567_890, "1.2 GB"),
        (5_432_100_000_000_000, "5,432.1 TB"),
    ],
)
def test_sizes_have_two_or_three_digits(bytes_, text):
    assert size(bytes_) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.67829, "0.6783"),
        (12, "12"),
        (10_123.0, "10,123"),
        (52_345.6, "52,346"),
        (-0.00001234, "-1.234e-05"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (1e300, "1e+300"),
    ],
)
def test_figures_have_four_digits(value, text):
    assert figure(value) == text


def test_one_is_not_several():
    assert [count(1, "run"), count(2, "run"), count(1_200, "entry", "entries")] == [
        "1 run",
        "2 runs",
        "1,200 entries",
    ]
