"""Texts, seconds and megabytes as a terminal takes them: what a run says may hold anything."""

import re

_COLORS = re.compile(r"\x1b\[[0-9;]*m")  # dropped: they would hide the text between them


def printable(text: str) -> str:
    r"""The text with its lines, whatever else is no visible character being written out: `\x1b`."""
    return "".join(map(_visible, _COLORS.sub("", text)))


def one_line(text: str, most: int | None = None) -> str:
    """The text on one line, cut after a number of characters, if one is given."""
    left_out = len(text) - most if most is not None else 0
    # Cut before anything else is done with it: a line of a log may have a million characters.
    shown = " ".join(printable(text[:most]).splitlines())
    return f"{shown}… ({left_out:,} more characters)" if left_out > 0 else shown


def _visible(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return " " if character.isspace() else ascii(character)[1:-1]


def duration(seconds: float) -> str:
    """`13.4 s`, `12 m 05 s` or `1 h 02 m`."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02} s"
    return f"{minutes // 60:,} h {minutes % 60:02} m"


def memory(mb: float | None) -> str:
    """`1,234 MB`, or nothing where it was not measured."""
    return "" if mb is None else f"{mb:,.0f} MB"
