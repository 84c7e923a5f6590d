"""One digest for what lies in files and folders."""

import contextlib
import os
import pathlib
import shutil
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.errors import DataError
from pipeline.local.cache import contents

NAMES = st.text("abc", min_size=1, max_size=2)
# Trees of folders (dicts) and files (bytes).
TREES = st.dictionaries(
    NAMES,
    st.recursive(st.binary(max_size=3), lambda inner: st.dictionaries(NAMES, inner, max_size=3)),
    max_size=3,
)


def write(tree, folder):
    folder.mkdir()
    for name, inner in tree.items():
        if isinstance(inner, bytes):
            (folder / name).write_bytes(inner)
        else:
            write(inner, folder / name)


def digest(tree):
    with tempfile.TemporaryDirectory() as name:
        write(tree, pathlib.Path(name, "tree"))
        return contents.digest(pathlib.Path(name, "tree"))


@given(TREES, TREES)
def test_two_trees_have_one_digest_exactly_if_they_are_equal(one, other):
    assert (digest(one) == digest(other)) == (one == other)


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_flipped_bit_and_a_lost_byte_are_seen(content, data):
    place = data.draw(st.integers(0, len(content) - 1))
    flipped = bytearray(content)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))

    whole = digest({"a": content})

    assert digest({"a": bytes(flipped)}) != whole
    assert digest({"a": content[:-1]}) != whole


def test_a_link_can_not_pose_as_another_entry(tmp_path):
    # one after the other, without their lengths, the two have the same parts: link, t, /z, folder
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a").symlink_to("t/zfolder")
    (tmp_path / "other" / "z").mkdir(parents=True)
    (tmp_path / "other" / "a").symlink_to("t")

    assert contents.digest(tmp_path / "one") != contents.digest(tmp_path / "other")


def test_the_order_in_which_a_folder_is_listed_does_not_count(folder, monkeypatch):
    before = contents.digest(folder)
    listed = os.scandir

    def backwards(path):
        return contextlib.nullcontext(sorted(listed(path), key=lambda entry: entry.name)[::-1])

    monkeypatch.setattr(os, "scandir", backwards)

    assert contents.digest(folder) == before


@pytest.fixture
def folder(tmp_path):
    write({"rows": b"1,2", "inner": {"more": b"3"}, "empty": {}}, tmp_path / "folder")
    return tmp_path / "folder"


def test_a_copy_has_the_same_digest_whatever_its_times(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    os.utime(tmp_path / "copy" / "rows", (0, 0))

    assert contents.digest(tmp_path / "copy") == contents.digest(folder)


def test_a_link_counts_by_what_it_says_and_is_not_followed(folder, tmp_path):
    (tmp_path / "outside").write_text("1")
    (folder / "link").symlink_to("../outside")
    before = contents.digest(folder)

    (tmp_path / "outside").write_text("2")
    assert contents.digest(folder) == before

    (folder / "link").unlink()
    (folder / "link").symlink_to("/dev/zero")
    assert contents.digest(folder) != before


def test_names_of_any_bytes_and_pipes_are_no_trouble(folder):
    before = contents.digest(folder)
    pathlib.Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n")).write_bytes(b"")
    os.mkfifo(folder / "pipe")

    assert contents.digest(folder) != before


def test_what_is_gone_is_an_error(folder):
    with pytest.raises(FileNotFoundError, match="gone"):
        contents.digest(folder / "gone")


def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)

    with pytest.raises(PermissionError):
        contents.digest(folder)


def test_files_count_by_their_names_as_seen_from_the_folder_not_by_their_order(folder):
    files = [folder / "rows", folder / "inner" / "more"]

    assert contents.digest_files(files, folder) == contents.digest_files(files[::-1], folder)
    assert contents.digest_files(files, folder) != contents.digest_files(files, folder.parent)


def test_a_file_of_a_source_that_is_a_link_counts_by_the_bytes_that_are_read(folder, tmp_path):
    (tmp_path / "elsewhere.csv").write_text("1,2")
    (folder / "link.csv").symlink_to("../elsewhere.csv")
    before = contents.digest_files([folder / "link.csv"], folder)

    (tmp_path / "elsewhere.csv").write_text("1,3")

    assert contents.digest_files([folder / "link.csv"], folder) != before


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("gone.csv", "gone.csv: cannot be read: No such file or directory. Put it back"),
        ("inner", "inner: is no file. Name files"),
        ("pipe", "pipe: is no file. Name files"),
    ],
)
def test_a_source_that_is_no_file_is_refused(folder, name, problem):
    os.mkfifo(folder / "pipe")

    with pytest.raises(DataError, match=problem):
        contents.digest_files([folder / name], folder)


def test_an_artifact_counts_by_contents_and_by_what_its_reader_can_see(folder):
    def digest(**properties):
        return contents.of_artifact(str(folder), properties)["digest"]

    assert digest(split_names='["train"]') != digest(split_names='["train","eval"]')
    assert digest(span=1, tfx_version="1.21.0", name="a:1") == digest(span=1, name="b:2")
    # Which model was judged is told by its own digest.
    assert digest(blessed=1, current_model_id=8) == digest(blessed=1, current_model_id=21)
    assert digest(blessed=1) != digest(blessed=0)


def test_a_change_behind_an_old_time_is_seen(folder):
    file = folder / "rows"
    before = contents.state([file])
    kept = file.stat()

    file.write_text("1,3")
    os.utime(file, ns=(kept.st_atime_ns, kept.st_mtime_ns))

    assert contents.state([file]) != before
    assert contents.state([folder / "gone"]) == {str(folder / "gone"): None}
