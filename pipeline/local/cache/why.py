"""What a node's outcome depends on: its key, and why that is another than before."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.local.record import Parts

_MOST = 10  # differences that are told
_LONGEST = 60  # characters of a value


def key(parts: Parts) -> str:
    """SHA-256 of the parts, the same whatever order they are in."""
    text = json.dumps(_plain(parts), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def differences(now: Parts, earlier: Parts) -> list[str]:
    """A sentence for each part that is another than it was, the most telling first.

    Empty for equal parts.
    """
    new, old = _plain(now), _plain(earlier)
    found = [
        *_values("", new["properties"], old["properties"]),
        *_of_code(new["code"], old["code"]),
        *_of_inputs(new["inputs"], old["inputs"]),
        *_values("", new["libraries"], old["libraries"]),
        *_values("", {"component": new["component"]}, {"component": old["component"]}),
    ]
    more = len(found) - _MOST
    return found if more <= 0 else [*found[:_MOST], f"and {more} more"]


def _plain(parts: Parts) -> dict[str, Any]:
    """The parts as a record has them: JSON, which knows no NaN."""
    found: dict[str, Any] = json.loads(parts.model_dump_json())
    return found


def _values(path: str, now: Any, earlier: Any) -> Iterator[str]:
    """What differs between two values, each with its path."""
    if isinstance(now, dict) and isinstance(earlier, dict):
        for name in dict.fromkeys([*earlier, *now]):
            inner = f"{path}.{name}" if path else str(name)
            if name not in now:
                yield f"{inner}: {_short(earlier[name])} is gone"
            elif name not in earlier:
                yield f"{inner}: {_short(now[name])} is new"
            else:
                yield from _values(inner, now[name], earlier[name])
    elif _text(now) != _text(earlier):
        yield f"{path}: {_short(earlier)}, now {_short(now)}"


def _of_code(now: Mapping[str, str], earlier: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*now, *earlier}):
        if name not in now:
            yield f"{name} is no longer used"
        elif name not in earlier:
            yield f"{name} is new"
        elif now[name] != earlier[name]:
            yield f"{name} changed"


def _of_inputs(now: Mapping[str, list[str]], earlier: Mapping[str, list[str]]) -> Iterator[str]:
    for name in sorted({*now, *earlier}):
        if now.get(name) != earlier.get(name):
            yield f"input {name} changed"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else _text(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _text(value: Any) -> str:
    """JSON, in which 1 is neither 1.0 nor true."""
    return json.dumps(value, sort_keys=True)
