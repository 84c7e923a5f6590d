"""When a schedule starts its runs, as Kubeflow's server reads it."""

import re
from collections.abc import Iterator

from modules.errors import SpecError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# robfig/cron v1, which the server parses with (apiserver/server/api_converter.go, toModelJob).
_FIELDS = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_PART = re.compile(r"(?:[*?]|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


def cron(text: str) -> str:
    """A schedule with six fields, seconds first.

    Args:
        text: five fields as crontab has them, or six.

    Raises:
        SpecError: with everything that is wrong. The server would take some of it for something
            else: five fields are to it seconds to months, so `0 3 * * *` runs every hour.
    """
    fields = text.split()
    if len(fields) == len(_FIELDS) - 1:
        fields = ["0", *fields]
    if len(fields) != len(_FIELDS):
        raise SpecError(
            [
                f"--schedule {text!r}: {len(fields)} fields, expected five (minute, hour, day of "
                f"the month, month, day of the week) or six (second first). '0 3 * * *' is three "
                f"in the morning"
            ]
        )
    problems = [
        f"--schedule {text!r}: {problem}"
        for field, rule in zip(fields, _FIELDS, strict=True)
        for problem in _problems(field, *rule)
    ]
    if problems:
        raise SpecError(problems)
    return " ".join(fields)


def _problems(
    field: str, name: str, least: int, most: int, names: tuple[str, ...]
) -> Iterator[str]:
    expected = f"expected {least} to {most}"
    expected += f" or {names[0]} to {names[-1]}" if names else ""
    expected += ", 0 being Sunday" if names is _DAYS else ""
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            yield f"{name}: got {part!r}, {expected}, *, a range 1-5 or a step */10"
            continue
        ends = [_number(end, least, names) for end in match.group("first", "last") if end]
        if not all(least <= end <= most for end in ends):
            yield f"{name}: got {part!r}, {expected}"
        elif ends != sorted(ends):
            yield f"{name}: got {part!r}, the range ends before it begins"
        if match["step"] and int(match["step"]) == 0:
            yield f"{name}: got {part!r}, expected a step of 1 or more"


def _number(text: str, least: int, names: tuple[str, ...]) -> int:
    """What a word stands for; -1 for nothing."""
    if text.lower() in names:
        return names.index(text.lower()) + least
    return int(text) if text.isdecimal() else -1
