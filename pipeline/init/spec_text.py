"""A draft as `spec.toml`: every line with what a reader wants to know before changing it."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.example_gen.config import HashSplit, TimeSplit, splits_of
from pipeline.init import kinds, toml
from pipeline.init.draft import Draft
from pipeline.init.rules import rules

SPEC_FILE = "spec.toml"
SCHEMA_FILE = "schema.pbtxt"
_WIDE = 100  # characters a line, where values allow
_RARE = 20  # rows of a class, below which a split may well lack it


def spec_text(draft: Draft) -> str:
    """The whole file; `pipeline.spec.load` reads it, given the schema beside it."""
    tables = [_head, _data, _label, _features, _training, _validation, _evaluation]
    return "\n\n".join("\n".join(table(draft)) for table in tables) + "\n"


def _head(draft: Draft) -> Iterator[str]:
    count = len(draft.source.files)
    files = f"{count:,} files" if count > 1 else toml.short(draft.source.files[0].name, 60)
    yield f"# Written by `headrace init` after reading all {_rows(draft):,} rows of {files}."
    yield "# Read it, change what you know better, then: headrace run spec.toml"
    yield f"name = {toml.text(draft.name)}"


def _rows(draft: Draft) -> int:
    return draft.rows + draft.unlabelled


def _data(draft: Draft) -> Iterator[str]:
    source = draft.source
    yield "[data]"
    where = "every data file of this folder" if source.text == "." else ""
    yield f"source = {toml.text(source.text)}{toml.comment(where)}"
    if not source.format_is_named:
        yield f"format = {toml.text(source.format)}"
    if source.delimiter != ",":
        yield f"delimiter = {toml.text(source.delimiter)}"
    yield from _missing(draft)
    yield from _ignore(draft)
    yield from _split(draft)


def _missing(draft: Draft) -> Iterator[str]:
    """The texts that mean a missing value, if others than the empty one occur."""
    found = {token: where for token, where in draft.missing.occurs.items() if token}
    if not found and not draft.missing.unusual:
        return
    yield "# What means a missing value. Found here:"
    for token, where in found.items():
        named = [f"{toml.short(name)} ({rows:,})" for name, rows in where.items()]
        more = f" and {len(named) - 5} more" if len(named) > 5 else ""
        yield f"#   {toml.short(token)} in {', '.join(named[:5])}{more}"
    for name, token in _maybe_categories(draft):
        yield (
            f"# In {toml.short(name)} it may be a category (NA is also Namibia): then take "
            f"{toml.short(token)} out."
        )
    yield f"missing = {toml.value(draft.missing.tokens)}"


def _maybe_categories(draft: Draft) -> Iterator[tuple[str, str]]:
    """Columns of text in which one text alone is said to mean a missing value, and that text."""
    for name, column in draft.columns.items():
        tokens = [token for token, where in draft.missing.occurs.items() if name in where]
        text = column.type == "text" and name in draft.features
        no_empty = (
            sum(draft.missing.occurs[t][name] for t in tokens) >= column.rows - column.present
        )
        if text and len(tokens) == 1 and column.present < column.rows and no_empty:
            yield name, tokens[0]


def _ignore(draft: Draft) -> Iterator[str]:
    if not draft.ignored:
        return
    yield f"# No features, and why. One moved to [features] needs an entry in {SCHEMA_FILE} too."
    items = {toml.text(name): reason for name, reason in draft.ignored.items()}
    lines = toml.array(items)
    lines[0] = f"ignore = {lines[0]}"
    yield from lines


def _split(draft: Draft) -> Iterator[str]:
    split = draft.split.split
    sizes = zip(splits_of(split), draft.split.sizes, strict=True)
    about = "about " if draft.split.places is None else ""
    yield f"# {', '.join(f'{name}: {about}{rows:,} rows' for name, rows in sizes)}"
    missing = draft.rows - sum(draft.split.sizes)
    if isinstance(split, TimeSplit) and missing:
        yield f"# {missing:,} rows without {toml.short(split.column)} are in none."
    if isinstance(split, HashSplit) and draft.label.label.task != "regression":
        rarest = int(draft.labels.counts.min())
        if rarest < _RARE:
            yield f"# The rarest class has {rarest} rows: a split may lack it; then try `seed = 1`."
    yield f"split = {toml.value(_given(split))}"
    if draft.by_time is not None:
        yield "# To train on the past and judge on what came after, put this in its place:"
        yield f"# split = {toml.value(_given(draft.by_time))}"


def _label(draft: Draft) -> Iterator[str]:
    label = draft.label.label
    yield "[label]"
    without = f"{draft.unlabelled:,} rows have none and are left out" if draft.unlabelled else ""
    yield f"column = {toml.text(label.column)}{toml.comment(without)}"
    if not label.classes:
        yield f"task = {toml.text(label.task)}{toml.comment(draft.label.fact)}"
        return
    yield f"task = {toml.text(label.task)}"
    line = f"classes = {toml.value(label.classes)}"
    if len(line) <= _WIDE:
        yield line + toml.comment(draft.label.fact)
        return
    yield f"# {draft.label.fact}"
    first, *rest = toml.array({toml.text(name): "" for name in label.classes})
    yield f"classes = {first}"
    yield from rest


def _features(draft: Draft) -> Iterator[str]:
    yield "[features]"
    if any(feature.kind == "numeric" for feature in draft.features.values()):
        yield '# A number may be given its unit: { kind = "numeric", unit = "mile" }'
    definitions = {
        toml.key(name): toml.value(_given(feature)) for name, feature in draft.features.items()
    }
    facts = [kinds.fact(draft.columns[name], feature) for name, feature in draft.features.items()]
    yield from _aligned(definitions, facts)


def _aligned(definitions: Mapping[str, str], facts: list[str]) -> Iterator[str]:
    """Lines `key = value  # fact`, in columns as far as the longer ones allow."""
    key_width = min(24, max(map(len, definitions)))
    value_width = min(44, max(map(len, definitions.values())))
    for (key, value), fact in zip(definitions.items(), facts, strict=True):
        yield f"{key:{key_width}} = {value:{value_width}}{toml.comment(fact)}"


def _training(draft: Draft) -> Iterator[str]:
    yield "[training]"
    for name, value in _given(draft.training()).items():
        yield f"{name} = {toml.value(value)}"


def _validation(draft: Draft) -> Iterator[str]:
    yield "[validation]"
    yield f'schema = "{SCHEMA_FILE}"  # types, categories and missing values that a run expects'
    least = draft.split.least
    if least < 20:
        yield f"min_rows = {least}  # in every split; the default is 20"


def _evaluation(draft: Draft) -> Iterator[str]:
    yield "[evaluation]"
    if draft.slices():
        yield f"slices = {toml.value(draft.slices())}"
    yield "# A model that breaks a rule is not pushed."
    items = {toml.value(_given(rule)): why for rule, why in rules(draft)}
    lines = toml.array(items)
    lines[0] = f"rules = {lines[0]}"
    yield from lines


def _given(part: Any) -> dict[str, Any]:
    """What was said of a part of the spec, its kind first: defaults stay unsaid."""
    given = part.model_dump(mode="json", exclude_unset=True)
    first = {name: given[name] for name in ("by", "column") if name in given}
    return first | given
