"""Moments as sines and cosines of their place in the day, the week and the year."""

import math
from collections.abc import Sequence

import tensorflow as tf

from modules.spec.features import TimePart

# Date, then optionally hour and minute; seconds and what follows are not looked at.
_DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3])(:[0-5]\d.*)?"
_ISO_8601 = rf"{_DATE}([T ]{_TIME})?"
_PERIODS = {"time_of_day": 24 * 60.0, "day_of_week": 7.0, "day_of_year": 365.2425}


def encode(text: tf.Tensor, parts: Sequence[TimePart]) -> tf.Tensor:
    """Places in time that have no seam: 23:59 is next to 00:00.

    Args:
        text: string `(batch, 1)`, ISO 8601 such as `2013-01-01T05:15:00`; all else is missing.

    Returns:
        float32 `(batch, 2 * parts + 1)`: sine and cosine of each part in [-1, 1], 0 when
        missing, then 1 when missing, else 0.
    """
    valid = tf.strings.regex_full_match(text, _ISO_8601)
    moment = tf.where(valid, text, tf.constant("1970-01-01T00:00"))
    places = {
        "time_of_day": lambda: _minute_of_day(moment),
        "day_of_week": lambda: tf.cast((_days(moment) + 3) % 7, tf.float32),  # Monday is 0
        "day_of_year": lambda: tf.cast(_days(moment) - _days(moment, new_year=True), tf.float32),
    }
    known = tf.cast(valid, tf.float32)
    columns = []
    for part in parts:
        angle = places[part]() * (2 * math.pi / _PERIODS[part])
        columns += [tf.sin(angle) * known, tf.cos(angle) * known]
    return tf.concat([*columns, 1.0 - known], axis=1)


def _number(text: tf.Tensor, start: int, length: int) -> tf.Tensor:
    return tf.strings.to_number(tf.strings.substr(text, start, length), tf.int32)


def _minute_of_day(moment: tf.Tensor) -> tf.Tensor:
    for date_or_hour, rest in (("2013-01-01", "T00"), ("2013-01-01T00", ":00")):
        shorter = tf.strings.length(moment) <= len(date_or_hour)
        moment = tf.where(shorter, moment + tf.constant(rest), moment)
    return tf.cast(_number(moment, 11, 2) * 60 + _number(moment, 14, 2), tf.float32)


def _days(moment: tf.Tensor, new_year: bool = False) -> tf.Tensor:
    """Days since 1970-01-01, of the date or of 1 January of its year.

    The count of days in the proleptic Gregorian calendar with years that begin in March, so
    that the leap day is the last: E. G. Richards, Explanatory Supplement to the Astronomical
    Almanac, 3rd ed., section 15.11.
    """
    year = _number(moment, 0, 4)
    month = tf.ones_like(year) if new_year else _number(moment, 5, 2)
    day = tf.ones_like(year) if new_year else _number(moment, 8, 2)
    before_march = tf.cast(month <= 2, tf.int32)
    march_year = year - before_march
    march_month = month - 3 + 12 * before_march
    leap_days = march_year // 4 - march_year // 100 + march_year // 400
    # 719468 days lie between 1 March of year 0 and 1 January 1970; `day` counts from 1.
    return 365 * march_year + leap_days + (153 * march_month + 2) // 5 + day - 719469
