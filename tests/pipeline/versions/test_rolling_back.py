"""`headrace rollback`: an earlier version is served again, and nothing is lost."""

import errno
import pathlib
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.pusher import folder as folders
from components.pusher import manifest as manifests
from components.pusher.sums import sums
from pipeline.versions.rolling_back import before, served


def test_what_was_served_before_is_served_again_under_a_new_number(
    headrace, serving, put, serves, all_answer
):
    first, second = put(serving, "a"), put(serving, "b")
    old = sums(serving.path)

    told = headrace("rollback")

    third = serving.versions()[-1]
    assert told.code == 0
    assert told.lines == [
        f"runs/serving serves version {first} again, as {third}",
        f"{second}, which was served until now, stays: `headrace rollback {second}`",
    ]
    assert serves() == "a"
    manifest = serving.manifest(third)
    assert (manifest.restores, manifest.run, manifest.version) == (first, "run-a", third)
    # What was there is as it was, to the byte.
    assert {name: each for name, each in sums(serving.path).items() if name in old} == old


def test_rolling_back_twice_goes_further_back_and_then_no_further(
    headrace, serving, put, serves, all_answer
):
    first, second, third = (put(serving, text) for text in "abc")

    assert headrace("rollback").code == 0
    assert serves() == "b"
    assert headrace("rollback").code == 0
    assert serves() == "a"
    told = headrace("rollback")

    current = serving.versions()[-1]
    assert told.code == 2
    assert told.text == (
        f"error: runs/serving: serves {first} (as {current}), and has no version before it. "
        f"Give one to go to: {third}, {second}\n"
    )
    assert headrace("rollback", third).code == 0
    assert serves() == "c"


def test_after_a_push_on_a_rollback_what_the_rollback_served_is_served_again(
    headrace, serving, put, serves, all_answer
):
    for text in "abc":
        put(serving, text)
    headrace("rollback")  # to b: c was bad
    put(serving, "d")

    assert headrace("rollback").code == 0
    assert serves() == "b"
    assert headrace("rollback").code == 0
    assert serves() == "a"


def test_a_rollback_whose_origin_somebody_removed_has_its_files_still(
    headrace, serving, put, serves, all_answer
):
    first, _ = put(serving, "a"), put(serving, "b")
    headrace("rollback")
    put(serving, "c")
    shutil.rmtree(serving.path / str(first))

    told = headrace("rollback", "--json").json

    assert serves() == "a"
    assert told["restores"] == first


@pytest.mark.parametrize("which", ["current", "same"])
def test_what_is_served_already_is_refused(headrace, serving, put, all_answer, which):
    first, second = put(serving, "a"), put(serving, "b")
    if which == "same":
        headrace("rollback")
    current = serving.versions()[-1]

    told = headrace("rollback", second if which == "current" else first)

    as_what = "" if which == "current" else f", as {current}"
    asked = second if which == "current" else first
    assert told.code == 2
    assert told.text == f"error: runs/serving: version {asked} is served already{as_what}\n"


def test_a_version_that_is_not_there_is_refused_with_those_that_are(headrace, serving, put):
    first, second = put(serving, "a"), put(serving, "b")

    told = headrace("rollback", f"{first}9")

    assert told.code == 2
    assert f"no version '{first}9' in runs/serving, which has {second}, {first}; did" in told.text
    assert headrace("rollback", "../../etc").code == 2


def test_an_only_version_is_refused(headrace, serving, put):
    only = put(serving, "a")

    told = headrace("rollback")

    assert told.code == 2
    assert told.text == (
        f"error: runs/serving: serves {only}, and has no version before it. There is no other\n"
    )


def test_a_damaged_version_is_refused_and_the_served_one_stays(
    headrace, serving, put, serves, all_answer
):
    first, _ = put(serving, "a"), put(serving, "b")
    (serving.path / str(first) / "variables" / "data").write_text("weightz")

    told = headrace("rollback", "--json")

    assert told.code == 3
    assert told.json == {
        "error": f"runs/serving/{first}: is damaged: variables/data has other contents than were "
        f"pushed. Nothing was changed"
    }
    assert serves() == "b"


def test_a_version_that_does_not_load_is_refused_and_the_served_one_stays(
    headrace, serving, put, serves
):
    first, _ = put(serving, "a"), put(serving, "b")  # texts, no SavedModels

    told = headrace("rollback")

    assert told.code == 3
    assert told.text.startswith(f"error: runs/serving/{first}: cannot be loaded: ")
    assert len(told.lines) == 1
    assert serves() == "b"


def test_a_full_disk_is_told_and_the_served_version_stays(
    headrace, serving, put, serves, all_answer, monkeypatch
):
    put(serving, "a"), put(serving, "b")
    known = serving.versions()

    def write(path, _text):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(folders, "_write", write)

    told = headrace("rollback")

    assert told.code == 1
    assert told.text.startswith("error: the disk is full at ")
    assert (serving.versions(), serves()) == (known, "b")
    assert [entry.name for entry in sorted(serving.path.iterdir())] == [str(each) for each in known]


def test_where_links_cannot_be_made_files_are_copied(
    headrace, serving, put, serves, all_answer, monkeypatch
):
    first, _ = put(serving, "a"), put(serving, "b")

    def refuse(_self, _target):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(pathlib.Path, "hardlink_to", refuse)

    assert headrace("rollback").code == 0
    third = serving.versions()[-1]
    graphs = [serving.path / str(each) / "saved_model.pb" for each in (first, third)]
    assert graphs[0].stat().st_ino != graphs[1].stat().st_ino
    assert sums(graphs[0].parent, manifests.FILE) == sums(graphs[1].parent, manifests.FILE)


@given(st.lists(st.sampled_from(["push", "rollback"]), max_size=12))
def test_rollbacks_walk_back_through_what_was_pushed_and_never_forth(deeds):
    restored: dict[int, int | None] = {1: None}

    for number, deed in enumerate(deeds, 2):
        target = before(restored) if deed == "rollback" else None
        now = served(restored, max(restored))
        if target is not None:
            origin = served(restored, target)
            assert origin < now
            restored[number] = origin
        elif deed == "push":
            restored[number] = None
        else:
            assert now == 1
