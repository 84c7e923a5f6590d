"""A rule and what was found, in a sentence."""

import math

from components.evaluator.verdict import Judged


def sentence(rule: Judged, least: int) -> str:
    """`auc where origin = EWR is 0.58 [0.55, 0.61], expected at least 0.6`.

    Args:
        rule: with everything but its sentence.
        least: rows that a slice needs to be judged.
    """
    what = rule.metric + _where(rule)
    if rule.outcome == "too_few_rows":
        rows = "few" if rule.rows is None else f"{rule.rows:,}"
        return f"{what} is not judged: {rows} rows, fewer than {least:,}"
    if rule.outcome == "no_baseline":
        return f"the change of {what} is not judged: there is no baseline"
    if rule.found is None:
        rows = "" if rule.rows is None else f" ({rule.rows:,} rows)"
        subject = what if rule.bounds == "value" else f"the change of {what}"
        return f"{subject} is not a finite number{rows}, expected {_expected(rule)}"
    verb = "is" if rule.bounds == "value" else "changed by"
    before = ""
    if rule.bounds != "value" and rule.baseline is not None:
        before = f" from {rule.baseline:.4g}"
    found = f"{what} {verb} {_number(rule, rule.found)}{_interval(rule)}{before}"
    return f"{found}, {'expected ' if rule.outcome == 'broken' else ''}{_expected(rule)}"


def _where(rule: Judged) -> str:
    parts = [f"{column} = {value}" for column, value in rule.slice.items()]
    return f" where {', '.join(parts)}" if parts else ""


def _expected(rule: Judged) -> str:
    parts = []
    if rule.min is not None:
        parts.append(f"at least {_bound(rule, rule.min)}")
    if rule.max is not None:
        parts.append(f"at most {_bound(rule, rule.max)}")
    return " and ".join(parts)


def _interval(rule: Judged) -> str:
    if rule.interval is None or not all(map(math.isfinite, rule.interval)):
        return ""
    low, high = (_number(rule, bound) for bound in rule.interval)
    return f" [{low}, {high}]"


def _number(rule: Judged, number: float) -> str:
    match rule.bounds:
        case "value":
            return f"{number:.4g}"
        case "change":
            return f"{number:+.4g}"
        case _:
            return f"{100 * number:+.4g} %"


def _bound(rule: Judged, number: float) -> str:
    """A bound, as exact as the spec has it."""
    match rule.bounds:
        case "value":
            return f"{number:g}"
        case "change":
            return f"{number:+g}"
        case _:
            return f"{100 * number:+g} %"
