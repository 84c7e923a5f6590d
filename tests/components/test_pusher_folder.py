"""A version in a folder is there as a whole or not at all, and what was there before stays."""

import errno
import os
import pathlib
import shutil
import time

import pytest

from components.pusher.folder import Folder
from components.pusher.manifest import FILE, check_files
from components.pusher.sums import sums
from components.pusher.version import VersionError
from tests.components.pushing import model_in, put


@pytest.fixture
def model(tmp_path):
    return model_in(tmp_path / "model")


@pytest.fixture
def serving(tmp_path):
    return tmp_path / "below" / "serving"  # not there yet


def contents(folder):
    """Every file below a folder with its bytes, and every folder, but for manifests."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "assets.extra" not in path.parts
    }


def test_a_pushed_version_is_the_model_byte_for_byte_and_a_manifest(model, serving):
    version = put(model, serving)

    assert contents(version) == contents(model)
    assert set(sums(version)) == {*sums(model), FILE}
    assert version.parent == serving
    assert list(serving.iterdir()) == [version]  # nothing is left beside it


def test_a_version_is_the_time_in_seconds(model, serving, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.9)

    assert put(model, serving).name == "1700000000"


def test_versions_rise_within_a_second_and_when_the_clock_goes_back(model, serving, monkeypatch):
    names = []
    for now in (1_700_000_000, 1_700_000_000, 1_600_000_000):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        names.append(put(model, serving).name)

    assert names == ["1700000000", "1700000001", "1700000002"]


def test_other_names_in_the_folder_are_no_versions(model, serving, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 7)
    for name in ("latest", "9.tmp", "-8", "v10", "012", "٣٣", "9" * 30):
        (serving / name).mkdir(parents=True)

    assert put(model, serving).name == "7"
    assert Folder(serving).versions() == [7]


def test_a_number_that_somebody_else_takes_meanwhile_is_left_to_them(model, serving, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 7)

    def take(_):
        (serving / "7" / "theirs").mkdir(parents=True)

    rename, taken = pathlib.Path.rename, []

    def late(path, target):
        if pathlib.Path(target).name == "7" and not taken:
            taken.append(take(path))
        return rename(path, target)

    monkeypatch.setattr(pathlib.Path, "rename", late)

    assert put(model, serving).name == "8"
    assert Folder(serving).manifest(8).version == 8
    assert [entry.name for entry in (serving / "7").iterdir()] == ["theirs"]


def test_the_version_before_stays_as_it_was(model, serving):
    first = put(model, serving)
    before = contents(first)
    (model / "saved_model.pb").write_bytes(b"another")

    second = put(model, serving)

    assert contents(first) == before
    assert (second / "saved_model.pb").read_bytes() == b"another"


def fill_the_disk(monkeypatch):
    """Makes copying fail after a part of the files."""

    copy = shutil.copyfile

    def copyfile(source, target):
        if pathlib.Path(target).name == "saved_model.pb":
            raise OSError(errno.ENOSPC, "No space left on device")
        copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", copyfile)


def test_a_copy_that_fails_leaves_nothing(model, serving, monkeypatch):
    first = put(model, serving)
    before = contents(serving)
    fill_the_disk(monkeypatch)

    with pytest.raises(OSError, match="No space left on device"):
        put(model, serving)

    assert list(serving.iterdir()) == [first]
    assert contents(serving) == before


def test_a_copy_that_differs_from_its_source_leaves_nothing(model, serving, monkeypatch):
    copy = shutil.copyfile

    def copyfile(source, target):
        copy(source, target)
        if pathlib.Path(target).name == "saved_model.pb":
            pathlib.Path(target).write_bytes(b"grapf" * 1000)

    monkeypatch.setattr(shutil, "copyfile", copyfile)

    with pytest.raises(VersionError, match=r"saved_model\.pb has other contents than were pushed"):
        put(model, serving)

    assert list(serving.iterdir()) == []


def test_a_copy_that_does_not_pass_its_check_leaves_nothing(model, serving):
    seen = []

    def refuse(folder):
        seen.append(contents(folder))
        raise VersionError("does not answer")

    with pytest.raises(VersionError, match="does not answer"):
        put(model, serving, refuse)

    assert seen == [contents(model)]  # it is the copy that is asked
    assert list(serving.iterdir()) == []


def test_a_link_is_no_part_of_a_model_and_leaves_nothing(model, serving):
    (model / "assets" / "vocabulary").symlink_to("/etc/passwd")

    with pytest.raises(OSError, match=r"is a link.*vocabulary"):
        put(model, serving)

    assert list(serving.iterdir()) == []


def test_a_disk_that_fails_when_flushed_leaves_nothing(model, serving, monkeypatch):
    def fsync(_descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)

    with pytest.raises(OSError, match="Input/output error"):
        put(model, serving)

    assert list(serving.iterdir()) == []


def test_an_interrupt_leaves_nothing(model, serving, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)

    with pytest.raises(KeyboardInterrupt):
        put(model, serving)

    assert list(serving.iterdir()) == []


def test_a_model_that_is_not_there_leaves_nothing(tmp_path, serving):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        put(tmp_path / "nowhere", serving)

    assert list(serving.iterdir()) == []


def test_a_version_can_be_read_by_those_who_can_read_the_model(model, serving):
    model.chmod(0o755)

    assert put(model, serving).stat().st_mode & 0o777 == 0o755


def test_a_version_of_the_same_folder_shares_its_files_and_has_a_manifest_of_its_own(
    model, serving
):
    first = put(model, serving)

    second = put(first, serving, restores=int(first.name))

    data = "variables/variables.data"
    assert (first / data).stat().st_ino == (second / data).stat().st_ino
    assert Folder(serving).manifest(int(first.name)).restores is None
    assert Folder(serving).manifest(int(second.name)).restores == int(first.name)
    shutil.rmtree(first)
    assert contents(second) == contents(model)


def test_what_poses_as_a_manifest_is_none(model, serving):
    version = put(model, serving)
    (version / FILE).unlink()
    os.mkfifo(version / FILE)  # which would be waited for

    assert Folder(serving).manifest(int(version.name)) is None


def test_a_version_can_be_held_against_its_manifest(model, serving):
    version = put(model, serving)
    manifest = Folder(serving).manifest(int(version.name))
    check_files(version, manifest)

    (version / "saved_model.pb").write_bytes(b"graph")
    (version / "more").write_bytes(b"")

    # 5 bytes instead of 5,000
    expected = r"is damaged: more does not belong to it; saved_model.pb has 5 bytes, expected 5,000"
    with pytest.raises(VersionError, match=expected):
        check_files(version, manifest)
