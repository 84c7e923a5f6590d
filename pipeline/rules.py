"""The `[evaluation]` table: by what a model is judged."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pydantic

from modules.errors import did_you_mean
from modules.spec.features import raw_type
from modules.spec.losses import Quantile
from modules.spec.part import Part
from pipeline.metrics import AT, METRICS, known, metric

if TYPE_CHECKING:
    from pipeline.spec import Spec

Slice = str | tuple[str, ...]  # a column, or columns crossed


class Rule(Part):
    """A bound on one metric, on all rows or on every value of a slice."""

    metric: str
    slice: Slice | None = None
    min: float | None = None
    max: float | None = None
    change_min: float | None = None  # against the latest blessed model
    change_max: float | None = None

    @pydantic.model_validator(mode="after")
    def _bounds_something(self) -> "Rule":
        if self.min is self.max is self.change_min is self.change_max is None:
            raise ValueError("the rule bounds nothing: give min, max, change_min or change_max")
        return self


class Evaluation(Part):
    """The `[evaluation]` table. Without rules every finite model is blessed."""

    slices: tuple[Slice, ...] = ()
    # by column of numbers: where ranges begin
    buckets: dict[str, tuple[float, ...]] = pydantic.Field(default_factory=dict)
    min_slice_rows: int = pydantic.Field(1, ge=1)  # a slice with fewer is not judged
    metrics: tuple[str, ...] = ()  # beside those of the task
    intervals: bool = False  # of 95 %, by the bootstrap
    importance: bool = True  # of each feature, by a sample of the rows
    weight: str | None = None  # the column that says how much a row counts
    rules: tuple[Rule, ...] = ()
    forced_by: str | None = pydantic.Field(None, min_length=1)  # who wants it blessed, and why

    def columns(self) -> list[str]:
        """Every column that a slice or the slice of a rule names, once."""
        named = [*self.slices, *(rule.slice for rule in self.rules if rule.slice)]
        return list(dict.fromkeys(column for piece in named for column in as_columns(piece)))


def as_columns(piece: Slice) -> tuple[str, ...]:
    """The columns of a slice: one, or several crossed."""
    return (piece,) if isinstance(piece, str) else piece


def metric_names(spec: "Spec") -> list[str]:
    """Every metric that is computed: those of the task, and what the spec names beside them."""
    named = [*spec.evaluation.metrics, *(rule.metric for rule in spec.evaluation.rules)]
    if isinstance(spec.training.loss, Quantile):
        named = [f"pinball@{spec.training.loss.quantile:g}", "coverage", *named]
    for quantile in spec.label.quantiles:
        named = [f"pinball@{quantile:g}", f"coverage@{quantile:g}", *named]
    return list(dict.fromkeys([*METRICS[spec.label.task], *named]))


def contradictions(spec: "Spec") -> Iterator[str]:
    """What the table asks for that the rest of the spec does not allow."""
    yield from _in_metrics(spec)
    yield from _in_slices(spec)
    table, weight = spec.evaluation, spec.evaluation.weight
    if weight is not None and _kind(spec, weight, "number") != "number":
        yield f"evaluation.weight: {weight!r} is not a column of numbers; carry it as 'number'"
    if "Evaluator" in spec.stock:
        # TFX's own takes a slice with too few rows for one whose metrics are missing.
        asked = {
            "buckets": bool(table.buckets),
            "forced_by": table.forced_by is not None,
            "min_slice_rows": table.min_slice_rows > 1,
        }
        for key, is_asked in asked.items():
            if is_asked:
                yield f"evaluation.{key}: TFX's own Evaluator knows none; take it out of `stock`"


def _in_metrics(spec: "Spec") -> Iterator[str]:
    task = spec.label.task
    places = {f"metrics[{place}]": name for place, name in enumerate(spec.evaluation.metrics)}
    places |= {
        f"rules[{place}].metric": rule.metric for place, rule in enumerate(spec.evaluation.rules)
    }
    for place, name in places.items():
        if metric(spec.label, name) is not None:
            continue
        base = name.partition("@")[0]
        if "@" in name and base in AT[task]:
            expected = f"{base}@ with {AT[task][base][1]}"
            yield f"evaluation.{place}: got {name!r}, expected {expected}"
        else:
            yield (
                f"evaluation.{place}: got {name!r}, expected one of {', '.join(known(task))} for "
                f"task {task!r}{did_you_mean(name, METRICS[task])}"
            )


def _in_slices(spec: "Spec") -> Iterator[str]:
    table = spec.evaluation
    for name in table.columns():
        kind = _kind(spec, name, "number" if name in table.buckets else "text")
        if name == spec.label.column or kind not in ("text", "number"):
            yield f"evaluation.slices: {name!r} is not a category; slice by columns of text"
        elif kind == "number" and name not in table.buckets:
            yield (
                f"evaluation.slices: {name!r} is not a category; slice by columns of text, or give "
                f"evaluation.buckets the numbers where ranges begin"
            )
        elif kind == "text" and name in table.buckets:
            yield f"evaluation.buckets: {name!r} is a column of text; only numbers have ranges"
    for name, bounds in table.buckets.items():
        if name not in table.columns():
            yield (
                f"evaluation.buckets: {name!r} is in no slice"
                f"{did_you_mean(name, table.columns())}; name it in evaluation.slices"
            )
        if not bounds or any(high <= low for low, high in itertools.pairwise(bounds)):
            yield (
                f"evaluation.buckets.{name}: got {list(bounds)}, expected numbers in ascending "
                f"order, for example [500, 1000]"
            )


def _kind(spec: "Spec", name: str, otherwise: str) -> str:
    """How a column is read."""
    feature = spec.features.get(name)
    return raw_type(feature) if feature else spec.data.carry.get(name, otherwise)
