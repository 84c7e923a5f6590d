"""A pushed model is there as a whole or not at all, and what was there before stays."""

import errno
import os
import pathlib
import shutil
import threading
import time

import pytest
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from components.pusher.executor import Executor, push


@pytest.fixture
def model(tmp_path):
    """A folder that looks like a SavedModel: files in folders, and an empty folder."""
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "saved_model.pb").write_bytes(b"graph" * 1000)
    (folder / "variables" / "variables.data").write_bytes(bytes(range(256)) * 100)
    return folder


@pytest.fixture
def serving(tmp_path):
    return tmp_path / "below" / "serving"  # not there yet


def contents(folder):
    """Every file below a folder with its bytes, and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def versions(folder):
    return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal())


def test_a_pushed_version_is_the_model_byte_for_byte(model, serving):
    version = push(model, serving)

    assert contents(version) == contents(model)
    assert version.parent == serving
    assert list(serving.iterdir()) == [version]  # nothing is left beside it


def test_a_version_is_the_time_in_seconds(model, serving, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.9)

    assert push(model, serving).name == "1700000000"


def test_versions_rise_within_a_second_and_when_the_clock_goes_back(model, serving, monkeypatch):
    names = []
    for now in (1_700_000_000, 1_700_000_000, 1_600_000_000):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        names.append(push(model, serving).name)

    assert names == ["1700000000", "1700000001", "1700000002"]


def test_other_names_in_the_folder_are_no_versions(model, serving, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 7)
    for name in ("latest", "9.tmp", "-8", "v10"):
        (serving / name).mkdir(parents=True)

    assert push(model, serving).name == "7"


def test_the_version_before_stays_as_it_was(model, serving):
    first = push(model, serving)
    before = contents(first)
    (model / "saved_model.pb").write_bytes(b"another")

    second = push(model, serving)

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
    first = push(model, serving)
    before = contents(serving)
    fill_the_disk(monkeypatch)

    with pytest.raises(OSError, match="No space left on device"):
        push(model, serving)

    assert list(serving.iterdir()) == [first]
    assert contents(serving) == before


def test_a_file_that_cannot_be_copied_leaves_nothing(model, serving):
    (model / "assets" / "vocabulary").symlink_to("nowhere")

    with pytest.raises(OSError, match=r"nowhere|vocabulary"):
        push(model, serving)

    assert list(serving.iterdir()) == []


def test_a_disk_that_fails_when_flushed_leaves_nothing(model, serving, monkeypatch):
    def fsync(_descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)

    with pytest.raises(OSError, match="Input/output error"):
        push(model, serving)

    assert list(serving.iterdir()) == []


def test_an_interrupt_leaves_nothing(model, serving, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)

    with pytest.raises(KeyboardInterrupt):
        push(model, serving)

    assert list(serving.iterdir()) == []


def test_a_model_that_is_not_there_leaves_nothing(tmp_path, serving):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        push(tmp_path / "nowhere", serving)

    assert list(serving.iterdir()) == []


def test_a_reader_meanwhile_never_sees_a_part(model, serving):
    expected = set(contents(model))
    serving.mkdir(parents=True)
    done = threading.Event()
    incomplete: list[set[str]] = []
    looks = 0

    def look():
        nonlocal looks
        while not done.is_set() or looks == 0:
            for version in versions(serving):
                found = set(contents(serving / str(version)))
                if found != expected:
                    incomplete.append(found)
            looks += 1

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for _ in range(20):
            push(model, serving)
    finally:
        done.set()
        reader.join()

    assert incomplete == []
    assert looks > 0
    assert len(versions(serving)) == 20


def test_a_version_can_be_read_by_those_who_can_read_the_model(model, serving):
    model.chmod(0o755)

    assert push(model, serving).stat().st_mode & 0o777 == 0o755


@pytest.fixture
def run(tmp_path, model, serving):
    """Runs the executor on a model that is blessed or not."""

    def run(blessed):
        trained = standard_artifacts.Model()
        trained.uri = str(tmp_path / "trained")
        shutil.copytree(model, tmp_path / "trained" / "Format-Serving")
        blessing = standard_artifacts.ModelBlessing()
        blessing.uri = str(tmp_path / "blessing")
        blessing.set_int_custom_property("blessed", int(blessed))
        pushed = standard_artifacts.PushedModel()
        pushed.uri = str(tmp_path / "pushed")
        destination = pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(serving))
        )
        Executor().Do(
            {"model": [trained], "model_blessing": [blessing]},
            {"pushed_model": [pushed]},
            {"push_destination": proto_utils.proto_to_json(destination)},
        )
        return pushed

    return run


def test_a_blessed_model_is_pushed_and_its_place_is_recorded(run, model, serving):
    pushed = run(blessed=True)

    (version,) = serving.iterdir()
    assert contents(version) == contents(model)
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_destination") == str(version)
    assert pushed.get_string_custom_property("pushed_version") == version.name


def test_a_model_that_is_not_blessed_is_not_pushed(run, serving):
    pushed = run(blessed=False)

    assert not serving.exists()
    assert pushed.get_int_custom_property("pushed") == 0
