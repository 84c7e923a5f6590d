"""What a node's outcome depends on: its key, and why that is another than before."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.local.record import Parts

_MOST = 10  # differences that are told
_LONGEST = 60  # characters of a value
_BEFORE = 15  # characters of a long value, before the first that differs
_BARE = re.compile(r"[\w-]+")  # keys of a spec; others are quoted, as in TOML
_MISSING = object()


def key(parts: Parts) -> str:
    """SHA-256 of the parts, the same whatever order they are in."""
    return hashlib.sha256(_json(parts.model_dump()).encode()).hexdigest()


def differences(now: Parts, earlier: Parts) -> list[str]:
    """A sentence for each part that is another than it was, the most telling first.

    Empty for equal parts.
    """
    code = [*_of_code(now.code, earlier.code)]
    found = [
        *_of_values("component", now.component, earlier.component),
        *_of_values("", now.properties, earlier.properties),
        *(sentence for name, sentence in code if _is_of_user(name)),
        *_of_inputs(now.inputs, earlier.inputs),
        *(sentence for name, sentence in code if not _is_of_user(name)),
        *_of_libraries(now.libraries, earlier.libraries),
    ]
    more = len(found) - _MOST
    return found if more <= 0 else [*found[:_MOST], f"and {more} more"]


def _of_values(path: str, now: Any, earlier: Any) -> Iterator[str]:
    """What differs between two values, each with its path."""
    new, old = _members(path, now), _members(path, earlier)
    if new is not None and old is not None:
        for inner in dict.fromkeys([*old, *new]):
            yield from _of_values(inner, new.get(inner, _MISSING), old.get(inner, _MISSING))
    elif earlier is _MISSING:
        yield f"{path}: {_cut(_plain(now))} is new"
    elif now is _MISSING:
        yield f"{path}: {_cut(_plain(earlier))} is gone"
    elif _json(now) != _json(earlier):
        yield f"{path}: {_changed(_plain(now), _plain(earlier))}"


def _members(path: str, value: Any) -> dict[str, Any] | None:
    """The values within a table, or a list of tables, by their paths; None of any other value."""
    if isinstance(value, dict):
        before = f"{path}." if path else ""
        return {before + _quoted(name): inner for name, inner in value.items()}
    if isinstance(value, list) and value and all(isinstance(inner, dict) for inner in value):
        return {f"{path}[{index}]": inner for index, inner in enumerate(value)}
    return None


def _quoted(name: str) -> str:
    return name if _BARE.fullmatch(name) else _json(name)


def _of_code(now: Mapping[str, str], earlier: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Modules and files of the user's that differ, by name, with a sentence each."""
    for name in sorted({*now, *earlier}):
        if name not in now:
            yield name, f"{name} is no longer used"
        elif name not in earlier:
            yield name, f"{name} is new"
        elif now[name] != earlier[name]:
            yield name, f"{name} changed"


def _is_of_user(name: str) -> bool:
    """Whether a name of code is that of a file in the user's folder."""
    return name.endswith(".py")


def _of_inputs(now: Mapping[str, list[str]], earlier: Mapping[str, list[str]]) -> Iterator[str]:
    for name in sorted({*now, *earlier}):
        if now.get(name) != earlier.get(name):
            yield f"input {name} changed"


def _of_libraries(now: Mapping[str, str], earlier: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*now, *earlier}):
        if name not in now:
            yield f"{name} {earlier[name]} is no longer used"
        elif name not in earlier:
            yield f"{name} {now[name]} is new"
        elif now[name] != earlier[name]:
            yield f"{name} {earlier[name]}, now {now[name]}"


def _changed(now: str, earlier: str) -> str:
    """Both values; of long ones, what is around the first difference."""
    start = 0
    if max(len(now), len(earlier)) > _LONGEST:
        pairs = enumerate(zip(now, earlier, strict=False))
        first = next(
            (place for place, (new, old) in pairs if new != old), min(len(now), len(earlier))
        )
        start = max(0, first - _BEFORE)
    return f"{_cut(earlier, start)}, now {_cut(now, start)}"


def _cut(text: str, start: int = 0) -> str:
    end = start + _LONGEST
    return f"{'...' if start else ''}{text[start:end]}{'...' if len(text) > end else ''}"


def _plain(value: Any) -> str:
    """A value as JSON; a text bare, where it cannot be taken for anything else."""
    if isinstance(value, str) and value.isprintable() and value == value.strip():
        try:
            json.loads(value or "0")
        except ValueError:
            return value
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if text.isprintable() else _json(value)


def _json(value: Any) -> str:
    """JSON with its keys in order, in which 1 is neither 1.0 nor true, and NaN equals itself."""
    return json.dumps(value, sort_keys=True)
