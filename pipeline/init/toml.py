"""Values and comments as TOML: whatever they hold, they stay on their line."""

import re
from collections.abc import Mapping
from typing import Any

_WIDTH = 100  # characters a line, where values allow
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def text(value: str) -> str:
    """A basic string; what does not print is escaped, so it is safe in a comment too."""
    return '"' + "".join(_escape(character) for character in value) + '"'


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    point = ord(character)
    return f"\\u{point:04X}" if point <= 0xFFFF else f"\\U{point:08X}"


def key(name: str) -> str:
    """A key: bare where TOML allows it, else quoted."""
    return name if _BARE_KEY.fullmatch(name) else text(name)


def value(given: Any) -> str:
    """A JSON value, all numbers finite, on one line."""
    match given:
        case bool():
            return "true" if given else "false"
        case int() | float():
            return repr(int(given) if int(given) == given else given)
        case str():
            return text(given)
        case Mapping():
            return f"{{ {', '.join(f'{key(k)} = {value(v)}' for k, v in given.items())} }}"
        case _:
            return f"[{', '.join(value(item) for item in given)}]"


def short(given: str, longest: int = 24) -> str:
    """A text of the data for a comment: quoted, and cut when it is long."""
    return text(given if len(given) <= longest else f"{given[: longest - 3]}...")


def array(items: Mapping[str, str]) -> list[str]:
    """Lines of an array of values, each with a comment beside it or, if that is long, above.

    Args:
        items: comment of a line or several, or nothing, by value as TOML.
    """
    lines = ["["]
    for item, note in items.items():
        line = f"  {item},{comment(note)}"
        if "\n" in note or len(line) > _WIDTH:
            lines += [f"  # {part}" for part in note.splitlines()] + [f"  {item},"]
        else:
            lines.append(line)
    return [*lines, "]"]


def comment(note: str) -> str:
    """What follows a value on its line, or nothing."""
    return f"  # {note}" if note else ""
