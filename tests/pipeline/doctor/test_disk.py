"""Room on disks, and folders that can be written, or not."""

import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

import pytest

from pipeline.doctor import disk


def test_a_folder_that_is_not_there_yet_is_looked_at_where_it_would_be_made(tmp_path):
    (room,) = disk.room("disk", tmp_path / "a" / "runs", "--runs")
    (usable,) = disk.usable(tmp_path / "a" / "runs", "--runs")

    assert room.text.endswith(f" free at {tmp_path}")
    assert usable.state == "ok"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "state", "text"),
    [
        ("size=16m", "problem", "16.8 MB free at "),
        ("size=200m", "warning", "210 MB free at "),
        ("size=200m,nr_inodes=100", "problem", "new files can be made at "),
    ],
)
def test_a_disk_with_little_room_says_how_to_name_another(mounted, options, state, text):
    (finding,) = disk.room("disk", mounted(options) / "runs", "--runs")

    assert finding.state == state
    assert text in finding.text
    assert finding.mend.endswith("name another disk with --runs")


@pytest.mark.parametrize("path", ["file", "file/runs", "link/runs"])
def test_a_file_or_a_dangling_link_on_the_way_is_a_problem(tmp_path, path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")

    (finding,) = disk.usable(tmp_path / path, "push.to")

    assert finding.state == "problem"
    assert f"{tmp_path / path} cannot be written" in finding.text
    assert finding.mend.endswith("name another with push.to")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "link"]


def test_a_disk_that_can_only_be_read_is_a_problem(mounted):
    (finding,) = disk.usable(mounted("ro") / "runs", "--runs")

    assert finding.state == "problem"
    assert finding.text.endswith("cannot be written: Read-only file system")


@pytest.fixture
def others():
    """A folder in which another user may write, with what is ours in it."""
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "metadata.sqlite").touch()
    (folder / "metadata.sqlite").chmod(0o644)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize(
    ("mode", "text"),
    [(0o777, "metadata.sqlite"), (0o755, "cannot be written: Permission denied")],
)
def test_what_belongs_to_another_user_is_a_problem(others, mode, text):
    others.chmod(mode)
    code = (
        "import os, pathlib, sys; from pipeline.doctor import disk;"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534);"
        "[finding] = disk.usable(pathlib.Path(sys.argv[1]), '--runs'); print(finding)"
    )

    said = subprocess.check_output([sys.executable, "-c", code, others], text=True)

    assert "state='problem'" in said
    assert text in said
    assert [entry.name for entry in others.iterdir()] == ["metadata.sqlite"]


@pytest.fixture
def temporary(monkeypatch):
    """Has temporary files go to a folder."""

    def temporary(folder):
        monkeypatch.setenv("TMPDIR", str(folder))
        monkeypatch.setattr(tempfile, "tempdir", None)

    return temporary


def test_temporary_files_have_room_and_nothing_is_left_of_the_trial(temporary, tmp_path):
    temporary(tmp_path)

    found = list(disk.temporary_files())

    assert [finding.state for finding in found] == ["ok"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_for_temporary_files_where_no_program_can_run_is_a_warning(temporary, mounted):
    folder = mounted("noexec,size=2g")
    temporary(folder)

    room, running = disk.temporary_files()

    assert (room.state, running.state) == ("ok", "warning")
    assert "noexec" in running.text
    assert stat.S_ISDIR(folder.stat().st_mode)
    assert list(folder.iterdir()) == []


def test_a_tmpdir_that_cannot_be_used_is_told_with_what_is_used_instead(temporary, tmp_path):
    temporary(tmp_path / "nowhere")

    first, *_ = disk.temporary_files()

    assert first.state == "warning"
    assert first.text.startswith(f"TMPDIR is {tmp_path / 'nowhere'}, which cannot be written: ")


def test_no_folder_for_temporary_files_is_a_problem(temporary, monkeypatch, tmp_path):
    temporary(tmp_path / "nowhere")
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "nowhere")])

    (finding,) = disk.temporary_files()

    assert finding.state == "problem"
    assert "No usable temporary directory" in finding.text
