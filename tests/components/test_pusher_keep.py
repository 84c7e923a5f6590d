"""Old versions go, and readers and other pushes are not disturbed."""

import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.pusher.folder import Folder
from components.pusher.manifest import FILE, check_files
from components.pusher.sums import sums
from components.pusher.version import numbers, surplus
from tests.components.pushing import model_in, put


@pytest.fixture
def model(tmp_path):
    return model_in(tmp_path / "model")


@pytest.fixture
def serving(tmp_path):
    return tmp_path / "below" / "serving"  # not there yet


def test_a_reader_never_sees_a_part_while_versions_come_and_go(model, serving):
    expected = sums(model)
    serving.mkdir(parents=True)
    done = threading.Event()
    incomplete: list[set[str]] = []
    looks = 0

    def look():
        nonlocal looks
        while not done.is_set() or looks == 0:
            for version in Folder(serving).versions():
                try:
                    found = sums(serving / str(version), FILE)
                except OSError:  # it went meanwhile: the reader knows, and takes another
                    continue
                if found != expected and (serving / str(version)).exists():
                    incomplete.append(set(found))
            looks += 1

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for _ in range(20):
            put(model, serving)
            Folder(serving).trim(2)
    finally:
        done.set()
        reader.join()

    assert incomplete == []
    assert looks > 0
    assert len(Folder(serving).versions()) == 2


def test_a_reader_who_has_a_file_open_reads_it_to_its_end_though_its_version_goes(model, serving):
    first = put(model, serving)
    with (first / "variables" / "variables.data").open("rb") as file:
        begun = file.read(10)
        put(model, serving)
        assert Folder(serving).trim(1) == [int(first.name)]

        assert begun + file.read() == bytes(range(256)) * 100


def test_old_versions_go_and_what_a_rollback_goes_back_to_stays(model, serving):
    first, *_ = (put(model, serving) for _ in range(3))
    for _ in range(2):
        put(model, serving)
    last = put(first, serving, restores=int(first.name))

    gone = Folder(serving).trim(2)

    left = Folder(serving).versions()
    assert (left[0], left[-1], len(left)) == (int(first.name), int(last.name), 3)
    assert len(gone) == 3
    assert len(list(serving.iterdir())) == 3


@given(
    st.dictionaries(st.integers(1, 30), st.none() | st.integers(1, 30), min_size=1),
    st.integers(1, 5),
)
def test_whatever_is_kept_the_newest_and_what_it_restores_stay(restored, keep):
    going = surplus(restored, keep)

    newest = sorted(restored)[-keep:]
    assert not set(going) & {*newest, *(restored[each] for each in newest)}
    # At most one more a rollback.
    assert len(restored) - len(going) <= 2 * keep


@given(st.lists(st.text()))
def test_only_plain_numbers_are_versions(names):
    assert {str(number) for number in numbers(names)} <= set(names)


PUSH_OFTEN = """
import pathlib, sys
from components.pusher.folder import Folder
from components.pusher.manifest import Manifest

for _ in range(5):
    Folder(pathlib.Path(sys.argv[2])).put(pathlib.Path(sys.argv[1]), Manifest(), lambda _: None)
"""


def test_pushes_at_the_same_time_get_a_number_each(model, serving):
    command = [sys.executable, "-c", PUSH_OFTEN, model, serving]
    pushes = [subprocess.Popen(command) for _ in range(4)]

    assert [push.wait() for push in pushes] == [0] * 4
    versions = Folder(serving).versions()
    assert len(versions) == len(list(serving.iterdir())) == 20
    for version in versions:
        assert Folder(serving).manifest(version).version == version
        check_files(serving / str(version), Folder(serving).manifest(version))


PUSH = """
import pathlib, sys, time
from components.pusher.folder import Folder
from components.pusher.manifest import Manifest

def wait(_):
    print("copied", flush=True)
    time.sleep(60)

Folder(pathlib.Path(sys.argv[2])).put(pathlib.Path(sys.argv[1]), Manifest(), wait)
"""


def test_what_a_dead_push_left_goes_with_the_next_one_and_a_live_one_goes_on(model, serving):
    with subprocess.Popen(
        [sys.executable, "-c", PUSH, model, serving], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"copied\n"
        (pushing,) = serving.iterdir()
        old = serving / ".pushing-of-old"  # without a lock, and not young
        old.mkdir()
        os.utime(old, (0, 0))
        (serving / ".removing-1-x").mkdir()

        alive = put(model, serving)
        assert set(serving.iterdir()) == {pushing, alive}

        process.kill()
    after = put(model, serving)
    assert set(serving.iterdir()) == {alive, after}
