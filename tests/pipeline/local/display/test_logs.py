"""What nodes print to their logs."""

import os
import pathlib
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.display.logs import Tail, last_lines, within


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"a\nb\n", b"\n", b"c"]), max_size=8))
def test_a_log_that_grows_is_read_to_the_last_line_wherever_it_was_cut(pieces):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "Trainer.log")
        tail, lines = Tail(path), []
        for piece in pieces:
            with path.open("ab") as file:
                file.write(piece)
            lines += tail.lines()
        lines += tail.lines(to_the_end=True)

        whole = Tail(path).lines(to_the_end=True)
    assert lines == whole
    text = b"".join(pieces)
    assert len(lines) == text.count(b"\n") + (not text.endswith(b"\n") and text != b"")


def test_a_line_is_shown_once_it_has_ended(tmp_path):
    path = tmp_path / "Trainer.log"
    tail = Tail(path)

    assert tail.lines() == []  # not there yet

    path.write_text("one\ntw")
    assert tail.lines() == ["one"]

    path.write_text("one\ntwo\nthree")
    assert tail.lines() == ["two"]
    assert tail.lines(to_the_end=True) == ["three"]


def test_a_log_that_is_begun_anew_is_read_anew(tmp_path):
    path = tmp_path / "Trainer.log"
    path.write_text("a first try\n")
    tail = Tail(path)
    tail.lines()

    path.write_text("a second\n")

    assert tail.lines() == ["a second"]


def test_rubbish_is_written_out_and_a_progress_bar_keeps_its_last_state(tmp_path):
    path = tmp_path / "Trainer.log"
    path.write_bytes(b"\xff\x00\x1b[2J\n10 %\r50 %\r\n")

    assert Tail(path).lines() == [r"\xff\x00\x1b[2J", "50 %"]


def test_a_line_without_an_end_is_cut_and_shown(tmp_path):
    path = tmp_path / "Trainer.log"
    path.write_bytes(b"x" * 100_000)

    (line,) = Tail(path).lines()

    assert line == "x" * 500 + "… (99,500 more characters)"


def test_of_a_log_that_grows_faster_than_it_can_be_watched_the_newest_is_shown(tmp_path):
    path = tmp_path / "Trainer.log"
    path.write_bytes(b"0123456\n" * 50_000)  # 400,000 bytes, of which 2 ** 18 = 262,144 are read

    first, *rest = Tail(path).lines()

    assert first == "(137,856 bytes are left out here; the log has them)"
    assert rest == ["0123456"] * (262_144 // 8)


def test_the_last_lines_are_those_before_empty_ones(tmp_path):
    path = tmp_path / "Trainer.log"
    path.write_text("one\n\n  two\nthree\n\n \n")

    assert last_lines(path, 2) == ["  two", "three"]
    assert last_lines(path, 9) == ["one", "", "  two", "three"]


def test_the_last_lines_of_a_huge_log_are_found_without_reading_it(tmp_path):
    path = tmp_path / "Trainer.log"
    with path.open("wb") as file:
        file.seek(1 << 33)  # 8 GiB, which take no room on the disk
        file.write(b"\nthe end\n")

    assert last_lines(path, 1) == ["the end"]


@pytest.mark.parametrize("kind", ["missing", "empty", "folder", "pipe"])
def test_what_is_no_log_has_no_lines(kind, tmp_path):
    path = tmp_path / "Trainer.log"
    make = {"empty": path.touch, "folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}
    make.get(kind, lambda: None)()

    assert last_lines(path, 5) == []
    assert Tail(path).lines(to_the_end=True) == []


def test_a_log_is_looked_for_within_the_folder_of_its_run_only(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "link.log").symlink_to("/etc/passwd")

    assert within(run, "logs/Trainer.log") == run / "logs/Trainer.log"
    for outside in ("../other/log.txt", "/etc/passwd", "link.log"):
        assert within(run, outside) is None
