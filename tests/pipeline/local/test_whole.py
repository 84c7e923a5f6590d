"""Files that are written whole or not at all."""

import os
import stat
import subprocess

import pytest

from pipeline.local import whole


def test_a_file_replaces_the_one_that_was_there_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a" / "b.json"

    whole.write(path, b"one")
    whole.write(path, b"two")

    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["b.json"]


def test_others_may_read_it_as_far_as_the_umask_lets_them(tmp_path):
    before = os.umask(0o022)
    try:
        whole.write(tmp_path / "a", b"")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_on_a_full_disk_what_was_there_stays_and_nothing_is_left_of_the_new(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk that can be filled needs the right to mount one")
    try:
        whole.write(tmp_path / "a", b"small")

        with pytest.raises(OSError, match="No space left"):
            whole.write(tmp_path / "a", b"x" * 100_000)

        assert (tmp_path / "a").read_bytes() == b"small"
        assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    finally:
        subprocess.run(["umount", tmp_path], check=False)
