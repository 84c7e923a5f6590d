"""Moments as places on circles, held against Python's own calendar."""

import datetime
import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from modules.spec.features import TimePart
from modules.timestamps import encode

PARTS: tuple[TimePart, ...] = ("time_of_day", "day_of_week", "day_of_year")
DAY, WEEK, YEAR = 24 * 60, 7, 365.2425  # in minutes, days, days


def places(*texts, parts=PARTS):
    """float32 `(texts, 2 * parts + 1)`."""
    return encode(tf.constant([[text] for text in texts]), parts).numpy()


def circle(*places_and_periods):
    """Sine and cosine of each place in its period, then 0 for `not missing`."""
    angles = [2 * math.pi * place / period for place, period in places_and_periods]
    return [value for angle in angles for value in (math.sin(angle), math.cos(angle))] + [0]


def test_a_moment_is_its_place_in_day_week_and_year():
    found = places("2013-01-03T06:00:00")

    # 6 h is a quarter of a day; 3 January 2013 was a Thursday (3 days after Monday), 2 days
    # after new year.
    assert found[0] == pytest.approx(circle((360, DAY), (3, WEEK), (2, YEAR)), abs=1e-6)


def test_a_minute_before_midnight_is_next_to_midnight():
    before, midnight, noon = places(
        "2013-01-01T23:59", "2013-01-01T00:00", "2013-01-01T12:00", parts=["time_of_day"]
    )

    # A minute is an angle of 2 pi / 1440 = 0.0044; noon is opposite, at the distance 2.
    assert np.linalg.norm(before - midnight) == pytest.approx(2 * math.pi / DAY, rel=1e-3)
    assert np.linalg.norm(noon - midnight) == pytest.approx(2)


def test_new_years_eve_is_next_to_new_year():
    eve, new_year = places("2012-12-31", "2013-01-01", parts=["day_of_year"])

    # 2012 had 366 days, so that 31 December is its day 365 of 365.2425.
    assert np.linalg.norm(eve - new_year) < 2 * 2 * math.pi / YEAR


@pytest.mark.parametrize(
    ("date", "weekday", "day_of_year"),
    [
        ("1970-01-01", 3, 0),
        ("1969-12-31", 2, 364),
        ("2000-02-29", 1, 59),  # 2000 was a leap year
        ("1900-03-01", 3, 59),  # 1900 was none
        ("2016-12-31", 5, 365),
        ("2100-03-01", 0, 59),
        ("2024-02-29", 3, 59),
        ("0001-01-01", 0, 0),
    ],
)
def test_known_dates_have_their_day_of_week_and_year(date, weekday, day_of_year):
    found = places(date, parts=["day_of_week", "day_of_year"])

    expected = circle((weekday, WEEK), (day_of_year, YEAR))
    assert found[0] == pytest.approx(expected, abs=1e-5)


@given(
    st.lists(
        st.datetimes(
            datetime.datetime.fromisoformat("1900-01-01"),
            datetime.datetime.fromisoformat("2100-12-31"),
        ),
        min_size=1,
        max_size=50,
    )
)
def test_every_moment_is_where_pythons_calendar_has_it(moments):
    found = places(*(moment.isoformat() for moment in moments))

    expected = [
        circle(
            (moment.hour * 60 + moment.minute, DAY),
            (moment.weekday(), WEEK),
            (moment.timetuple().tm_yday - 1, YEAR),
        )
        for moment in moments
    ]
    assert found == pytest.approx(np.array(expected), abs=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        "2013-01-01",
        "2013-01-01T00",
        "2013-01-01 00:00",
        "2013-01-01T00:00:59",
        "2013-01-01T00:00:00.123Z",
    ],
)
def test_every_length_of_a_moment_is_read(text):
    assert places(text) == pytest.approx(places("2013-01-01T00:00:00"))


def test_hours_are_read_without_minutes():
    assert places("2013-01-01T05") == pytest.approx(places("2013-01-01T05:00"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2013-1-1",
        "01/02/2013",
        "2013-13-01",
        "2013-00-10",
        "2013-01-32",
        "2013-01-01T24:00",
        "2013-01-01T05:60",
        "2013-01-01T5:15",
        "2013-01-01X05:15",
        " 2013-01-01",
        "20130101",
        "é013-01-01",
    ],
)
def test_what_is_no_moment_is_missing(text):
    missing, known = places(text, "2013-01-01")

    # Three parts: six zeros that are no place on a circle, then 1 for `missing`.
    assert missing.tolist() == [0] * 6 + [1]
    assert known[-1] == 0


def test_only_the_parts_asked_for_are_given_in_their_order():
    week_and_time = places("2013-01-03T06:00", parts=["day_of_week", "time_of_day"])

    assert week_and_time[0] == pytest.approx(circle((3, WEEK), (360, DAY)), abs=1e-6)


def test_no_moments_have_no_places():
    assert encode(tf.zeros([0, 1], tf.string), PARTS).shape == (0, 7)
