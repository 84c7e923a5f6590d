from pathlib import Path

import pytest

from scripts.data.table import (
    Table,
    draw_sample,
    format_row,
    format_table,
    read_rows,
    read_table,
    write_atomically,
)

HUNDRED = Table(("number",), [(f"{number:02}",) for number in range(100)])


def test_na_is_read_as_an_empty_field_and_numbers_keep_their_digits() -> None:
    rows = list(read_rows(b"a,b\n1.50,NA\n"))

    assert rows == [{"a": "1.50", "b": ""}]


def test_a_row_of_another_width_than_the_header_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        list(read_rows(b"a,b\n1\n"))


def test_a_table_that_is_read_and_written_is_the_same_bytes() -> None:
    content = 'name,size\n"Clark, Peter",3\nZoé,\n'.encode()

    assert format_table(read_table(content)) == content


def test_a_row_is_quoted_only_where_needed() -> None:
    assert format_row(["plain", 'says "no"', ""]) == b'plain,"says ""no""",\n'


def test_a_sample_fits_and_one_more_row_would_not() -> None:
    # The header is 7 bytes and a row is 3: 7 + 14 * 3 = 49, and a 15th row makes 52.
    sample = draw_sample(HUNDRED, seed="x", max_bytes=51)

    assert len(format_table(sample)) == 49
    assert len(set(sample.rows)) == 14


def test_a_sample_keeps_the_order_of_the_table() -> None:
    sample = draw_sample(HUNDRED, seed="x", max_bytes=51)

    assert sample.rows == sorted(sample.rows)


def test_a_sample_is_the_same_every_time_and_another_seed_draws_another() -> None:
    once, again, other = (draw_sample(HUNDRED, seed, max_bytes=51) for seed in ("x", "x", "y"))

    assert once == again
    assert once != other


def test_a_smaller_sample_is_part_of_a_larger_one() -> None:
    small = draw_sample(HUNDRED, seed="x", max_bytes=51)
    large = draw_sample(HUNDRED, seed="x", max_bytes=200)

    assert set(small.rows) < set(large.rows)


def test_a_table_that_fits_is_taken_whole() -> None:
    assert draw_sample(HUNDRED, seed="x", max_bytes=307) == HUNDRED


def test_writing_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    write_atomically(path, b"old")

    write_atomically(path, b"new")

    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]
