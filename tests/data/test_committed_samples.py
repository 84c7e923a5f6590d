import csv
from collections import Counter
from pathlib import Path

import pytest

from scripts.data.archive import default_cache
from scripts.data.build import DATA, DATASETS, build, main
from scripts.data.table import SAMPLE_BYTES, format_table


def committed(name: str) -> Path:
    return DATA / name / f"{name}.csv"


def rows_of(name: str) -> list[dict[str, str]]:
    with committed(name).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_sample_is_small_and_has_unix_lines(name: str) -> None:
    content = committed(name).read_bytes()

    assert len(content) <= SAMPLE_BYTES
    assert b"\r" not in content
    assert content.endswith(b"\n")


def test_the_flights_cover_every_month_in_order() -> None:
    departures = [row["sched_dep"] for row in rows_of("flights")]

    months = Counter(departure[:7] for departure in departures)
    assert len(months) == 12
    assert min(months.values()) > 900
    assert departures == sorted(departures)


def test_the_penguins_are_all_there_and_some_measures_are_missing() -> None:
    penguins = rows_of("penguins")

    assert len(penguins) == 344
    assert sum(row["sex"] == "" for row in penguins) == 11
    assert sum(row["body_mass_g"] == "" for row in penguins) == 2


def test_an_archive_that_is_refused_ends_in_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / DATASETS["penguins"][0].filename
    damaged.write_bytes(b"half a download")

    code = main(["penguins", "--cache", str(tmp_path), "--output", str(tmp_path / "out")])

    assert code == 1
    assert f"error: {damaged} has sha256" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_sample_is_what_the_script_draws(name: str) -> None:
    try:
        sample = build(name, full=False, cache=default_cache())
    except RuntimeError as error:
        pytest.skip(f"the archive cannot be downloaded here: {error}")

    assert format_table(sample) == committed(name).read_bytes()
