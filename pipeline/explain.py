"""Turns pydantic's findings about a spec into sentences in the spec's own language."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pydantic

from modules.errors import did_you_mean

# pydantic puts the tag of a union into a location; a spec has no such key.
Location = tuple[int | str, ...]


def explain(
    error: pydantic.ValidationError, model: type[pydantic.BaseModel], values: dict[str, Any]
) -> Iterator[str]:
    """One sentence a finding: key path, value got, what is expected, the nearest valid name."""
    for finding in error.errors(include_url=False):
        location = _without_tags(finding["loc"], values, finding["type"] == "missing")
        key = _dotted(location) or "the spec"
        yield f"{key}: {_sentence(finding, location, model)}"


def _sentence(finding: Any, location: Location, model: type[pydantic.BaseModel]) -> str:
    kind, got, context = finding["type"], _short(finding["input"]), finding.get("ctx", {})
    if kind == "extra_forbidden":
        known = _siblings(model, finding["loc"])
        near = did_you_mean(str(location[-1]), known)
        return f"unknown key. Known here: {', '.join(known)}{near}"
    if kind in ("literal_error", "union_tag_invalid"):
        known = _quoted(context.get("expected") or context["expected_tags"])
        word = str(context.get("tag", finding["input"]))
        return f"got {word!r}, expected one of {', '.join(known)}{did_you_mean(word, known)}"
    fixed = {
        "missing": "is missing, and has no default",
        "value_error": str(context.get("error")),
        "union_tag_not_found": f"got {got}, expected a table with {context.get('discriminator')}",
        "string_pattern_mismatch": f"got {got}, expected text like {context.get('pattern')}",
    }
    message = _plainly(finding["msg"].removeprefix("Input should be "))
    return fixed.get(kind) or f"got {got}, expected {message[0].lower() + message[1:]}"


def _plainly(message: str) -> str:
    """A type as TOML calls it."""
    message = re.sub(r"a valid (tuple|list)", "a list", message)
    pattern = r"a valid dictionary( or instance of \w+| or object to extract fields from)?"
    return re.sub(pattern, "a table", message)


def _quoted(text: str) -> list[str]:
    """The words that pydantic lists as `'a', 'b' or 'c'`."""
    return re.findall(r"'([^']*)'", text)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _without_tags(location: Location, values: Any, missing: bool) -> Location:
    """The location without the union tags: parts that the values themselves do not have.

    Where a key is missing, the last part is that key and no tag.
    """
    kept: list[int | str] = []
    for index, part in enumerate(location):
        last = index == len(location) - 1
        here = isinstance(values, dict) and part in values
        here = here or (isinstance(values, list) and isinstance(part, int) and part < len(values))
        if here:
            kept.append(part)
            values = values[part]
        elif last and missing:
            kept.append(part)
    return tuple(kept)


def _dotted(location: Sequence[int | str]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _siblings(model: type[pydantic.BaseModel], location: Location) -> list[str]:
    """The keys known in the table that holds the location, found in the model's JSON schema."""
    document = model.model_json_schema(by_alias=True)
    node = _resolve(document, document)
    for part in location[:-1]:
        node = _step(document, node, part)
    return list(node.get("properties", {}))


def _resolve(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """What a reference refers to, and what may be left out as if it may not."""
    given = [arm for arm in node.get("anyOf", ()) if arm.get("type") != "null"]
    if len(given) == 1:
        return _resolve(document, given[0])
    reference = node.get("$ref")
    return document["$defs"][reference.rpartition("/")[2]] if reference else node


def _step(document: dict[str, Any], node: dict[str, Any], part: int | str) -> dict[str, Any]:
    """The schema one part further: a property, an item, a value of a mapping, or a union's arm."""
    if isinstance(part, int):
        return _resolve(document, node.get("items", {}))
    if part in node.get("properties", {}):
        return _resolve(document, node["properties"][part])
    mapping = node.get("discriminator", {}).get("mapping", {})
    if part in mapping:
        return _resolve(document, {"$ref": mapping[part]})
    if "additionalProperties" in node and isinstance(node["additionalProperties"], dict):
        return _resolve(document, node["additionalProperties"])
    arms = [_resolve(document, arm) for arm in node.get("oneOf", node.get("anyOf", []))]
    # A union without a discriminator in the schema (a callable one): the tag is the title's start.
    named = [arm for arm in arms if str(arm.get("title", "")).lower().startswith(str(part))]
    named = named or [arm for arm in arms if str(part) in str(arm.get("title", "")).lower()]
    return named[0] if named else {}
