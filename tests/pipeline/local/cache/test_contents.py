"""One digest for what lies in files and folders."""

import os
import pathlib
import shutil
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    with pytest.raises(FileNotFoundError):
        contents.digest(folder / "gone")


def test_files_count_by_their_names_as_seen_from_the_folder_not_by_their_order(folder):
    files = [folder / "rows", folder / "inner" / "more"]

    assert contents.digest_files(files, folder) == contents.digest_files(files[::-1], folder)
    assert contents.digest_files(files, folder) != contents.digest_files(files, folder.parent)


def test_an_artifact_counts_by_contents_and_by_what_its_reader_can_see(folder):
    def digest(**properties):
        return contents.of_artifact(str(folder), properties)["digest"]

    assert digest(split_names='["train"]') != digest(split_names='["train","eval"]')
    assert digest(span=1, tfx_version="1.21.0", name="a:1") == digest(span=1, name="b:2")


def test_a_change_behind_an_old_time_is_seen(folder):
    file = folder / "rows"
    before = contents.state([file])
    kept = file.stat()

    file.write_text("1,3")
    os.utime(file, ns=(kept.st_atime_ns, kept.st_mtime_ns))

    assert contents.state([file]) != before
    assert contents.state([folder / "gone"]) == {str(folder / "gone"): None}
