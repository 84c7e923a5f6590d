import hashlib
import io
import os
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts.data import archive

CONTENT = b"a,b\n1,2\n"
METADATA = "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "small-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("small/data/table.csv", CONTENT)
        opened.writestr("small-1.0.dist-info/METADATA", METADATA)
        opened.writestr("small-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "small-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as opened:
        member = tarfile.TarInfo("small-1.0/table.csv")
        member.size = len(CONTENT)
        opened.addfile(member, io.BytesIO(CONTENT))
        link = tarfile.TarInfo("small-1.0/link.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        opened.addfile(link)
    return path


@pytest.fixture
def index(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes the wheel's folder the only place where pip looks."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return wheel.parent


def pinned(path: Path, sha256: str) -> archive.Archive:
    return archive.Archive(package="small", version="1.0", filename=path.name, sha256=sha256)


def test_a_member_of_a_wheel_is_read(wheel: Path) -> None:
    assert archive.read_member(wheel, "small/data/table.csv") == CONTENT


def test_a_member_of_a_source_archive_is_read(source: Path) -> None:
    assert archive.read_member(source, "small-1.0/table.csv") == CONTENT


def test_a_member_that_is_missing_is_named_with_those_that_are_there(wheel: Path) -> None:
    expected = "small-1.0-py3-none-any.whl has no file 'x.csv'. It has: small"

    with pytest.raises(ValueError, match=re.escape(expected)):
        archive.read_member(wheel, "x.csv")


def test_a_link_in_a_source_archive_is_not_followed(source: Path) -> None:
    with pytest.raises(ValueError, match=re.escape("has no file 'small-1.0/link.csv'")):
        archive.read_member(source, "small-1.0/link.csv")


def test_a_verified_archive_in_the_cache_is_not_downloaded_again(wheel: Path) -> None:
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()

    # The package does not exist, so a download would fail.
    assert archive.fetch(pinned(wheel, sha256), cache=wheel.parent) == wheel


@pytest.mark.usefixtures("index")
def test_an_archive_is_downloaded_into_the_cache(wheel: Path, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    cache = tmp_path / "new" / "cache"

    path = archive.fetch(pinned(wheel, sha256), cache)

    assert path.read_bytes() == wheel.read_bytes()
    assert list(cache.iterdir()) == [path]


@pytest.mark.usefixtures("index")
def test_another_file_than_the_pinned_one_never_reaches_the_cache(
    wheel: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"

    with pytest.raises(ValueError, match=f"another {re.escape(wheel.name)} than the pinned one"):
        archive.fetch(pinned(wheel, "0" * 64), cache)

    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("index")
def test_a_package_that_is_not_to_be_had_is_named_with_what_pip_says(
    wheel: Path, tmp_path: Path
) -> None:
    wheel.unlink()

    with pytest.raises(RuntimeError, match=r"pip did not deliver small(?s:.*)No matching"):
        archive.fetch(pinned(wheel, "0" * 64), tmp_path / "cache")


def test_a_changed_archive_is_refused_with_both_hashes_and_the_way_out(wheel: Path) -> None:
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    expected = f"{wheel} has sha256 {sha256}, expected {'0' * 64}."

    with pytest.raises(ValueError, match=re.escape(expected) + ".*delete it and run"):
        archive.fetch(pinned(wheel, "0" * 64), cache=wheel.parent)


def test_the_requirement_pins_version_and_hash(wheel: Path) -> None:
    assert pinned(wheel, "0" * 64).requirement == f"small==1.0 --hash=sha256:{'0' * 64}"


def test_the_cache_follows_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")

    assert archive.default_cache() == Path("/somewhere/headrace")
