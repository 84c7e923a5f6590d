"""The verdict on a model: every rule, how it stands, and one sentence."""

from collections.abc import Iterable
from typing import ClassVar, Literal

import pydantic

Outcome = Literal["holds", "broken", "too_few_rows", "no_baseline"]
_TOLD = 5  # broken rules in the sentence; all are in the list


class Judged(pydantic.BaseModel):
    """A bound of a rule on one slice, and what was found there."""

    model_config = pydantic.ConfigDict(frozen=True)

    metric: str
    columns: tuple[str, ...] = ()  # that make the slice; none: all rows
    slice: dict[str, str] = {}  # their values; empty with columns: no row is in such a slice
    rows: int | None = None
    value: float | None = None  # of the metric; None: it is not a number
    baseline: float | None = None  # the metric of the latest blessed model
    bounds: Literal["value", "change", "relative_change"]  # what is bounded
    found: float | None = None  # the bounded number
    interval: tuple[float, float] | None = None  # of 95 % around it, where the spec asks for it
    min: float | None = None
    max: float | None = None
    outcome: Outcome
    sentence: str

    def rule(self) -> tuple[object, ...]:
        """What is the same on all slices that a rule is judged on."""
        return (self.metric, self.columns, self.bounds, self.min, self.max)


class Verdict(pydantic.BaseModel):
    """Whether a model is good enough, and why: `verdict.json` beside the blessing."""

    FILE: ClassVar[str] = "verdict.json"  # within the ModelBlessing

    model_config = pydantic.ConfigDict(frozen=True)

    blessed: bool
    sentence: str
    forced_by: str | None = None  # who asked for the blessing, and why
    baseline: bool  # whether there was a model to compare with
    metrics: dict[str, float | None]  # on all rows; None: not a number
    rules: tuple[Judged, ...]

    @property
    def broken(self) -> list[str]:
        """A sentence for each broken rule."""
        return [rule.sentence for rule in self.rules if rule.outcome == "broken"]


def conclude(
    rules: Iterable[Judged],
    metrics: dict[str, float | None],
    *,
    baseline: bool,
    forced_by: str | None = None,
) -> Verdict:
    """The verdict that follows from the rules; whoever forces it is named in it."""
    judged = tuple(rules)
    broken = [rule.sentence for rule in judged if rule.outcome == "broken"]
    sentence = _several(broken) if broken else _held(judged)
    if broken and forced_by:
        sentence = f"forced by {forced_by}; otherwise not: {sentence}"
    return Verdict(
        blessed=not broken or forced_by is not None,
        sentence=sentence,
        forced_by=forced_by,
        baseline=baseline,
        metrics=metrics,
        rules=judged,
    )


def _several(broken: list[str]) -> str:
    more = len(broken) - _TOLD
    return "; ".join(broken[:_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _held(judged: tuple[Judged, ...]) -> str:
    """How many rules hold, and how many could not be judged."""
    if not judged:
        return "the spec has no rules"
    outcomes: dict[tuple[object, ...], set[Outcome]] = {}
    for each in judged:
        outcomes.setdefault(each.rule(), set()).add(each.outcome)
    held = sum("holds" in found for found in outcomes.values())
    parts = [f"{held} rule{'s hold' if held != 1 else ' holds'}"]
    unjudged = [found for found in outcomes.values() if "holds" not in found]
    for outcome, why in (
        ("no_baseline", "for want of a baseline"),
        ("too_few_rows", "for want of rows"),
    ):
        count = sum(outcome in found for found in unjudged)
        parts += [f"{count} not judged {why}"] if count else []
    return ", ".join(parts)
