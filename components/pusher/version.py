"""Numbers of versions: which are versions, which comes next, and which go."""

import time
from collections.abc import Iterable, Mapping

_DIGITS = 18  # TensorFlow Serving reads numbers of 64 bits


class VersionError(ValueError):
    """A version is not what was pushed, or does not answer."""


def numbers(names: Iterable[str]) -> list[int]:
    """The numbers among names, in order, as TensorFlow Serving looks for them."""
    plain = (name for name in names if name.isascii() and name.isdecimal())
    return sorted(int(name) for name in plain if len(name) <= _DIGITS and str(int(name)) == name)


def next_number(there: Iterable[int]) -> int:
    """Seconds since 1970, and always higher than the versions there."""
    return max([int(time.time()), *(number + 1 for number in there)])


def surplus(restored: Mapping[int, int | None], keep: int) -> list[int]:
    """Versions that are not among the newest, in order.

    Args:
        restored: by version, the one whose files it has again, if it is of a rollback.
        keep: how many stay, at least 1. A version that one of them restores stays, too.
    """
    newest = sorted(restored)[-keep:]
    staying = {*newest, *(restored[version] for version in newest)}
    return [version for version in sorted(restored) if version not in staying]
