"""Package archives: downloaded by pip, checked against a pinned sha256, read without unpacking."""

import dataclasses
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Archive:
    """One file of one package version, as pip names it."""

    package: str
    version: str
    filename: str  # ends in .tar.gz (source) or .whl (wheel)
    sha256: str  # all 64 hexadecimal digits

    @property
    def requirement(self) -> str:
        """The line of a requirements file that lets pip take this file and no other."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"

    @property
    def is_wheel(self) -> bool:
        """Whether the file is a wheel (a zip) rather than a source archive (a tar)."""
        return self.filename.endswith(".whl")


def default_cache() -> Path:
    """Folder that keeps downloaded archives: `headrace` under the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headrace"


def fetch(archive: Archive, cache: Path) -> Path:
    """Path of the verified archive in `cache`, downloaded on the first call only.

    Raises:
        ValueError: The file has another sha256 than the pinned one.
        RuntimeError: pip could not download the file.
    """
    path = cache / archive.filename
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            download(archive, Path(folder)).replace(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != archive.sha256:
        raise ValueError(
            f"{path} has sha256 {digest}, expected {archive.sha256}. The download is damaged or "
            f"is another file: delete it and run the command again. Do not change the pinned "
            f"value before you know why the file changed."
        )
    return path


def download(archive: Archive, folder: Path) -> Path:
    """Path of the archive in `folder`, put there by pip.

    To read its metadata pip runs a source archive's setup.py, so pip gets the hash too: it
    refuses another file before running anything from it.

    Raises:
        ValueError: The index has a file with another sha256.
        RuntimeError: pip failed otherwise; the message ends with pip's own words.
    """
    wanted = folder / "requirements.txt"
    wanted.write_text(archive.requirement + "\n", encoding="utf-8")
    kind = "--only-binary" if archive.is_wheel else "--no-binary"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", kind, archive.package]
    command += ["--dest", str(folder), "--requirement", str(wanted)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if "DO NOT MATCH THE HASHES" in result.stderr:
        raise ValueError(
            f"The index has another {archive.filename} than the pinned one. Find out why before "
            f"you change the pinned sha256. pip says:\n{result.stderr.strip()}"
        )
    path = folder / archive.filename
    if result.returncode != 0 or not path.exists():
        raise RuntimeError(
            f"pip did not deliver {archive.filename} (exit code {result.returncode}). Check the "
            f"network and pip's index settings, or put the file into the cache folder by hand. "
            f"pip says:\n{result.stderr.strip()}"
        )
    return path


def read_member(path: Path, member: str) -> bytes:
    """Bytes of the regular file `member`; nothing is unpacked to disk.

    Raises:
        ValueError: The archive has no such file; the message lists what it has.
    """
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            names = [info.filename for info in wheel.infolist() if not info.is_dir()]
            if member in names:
                return wheel.read(member)
    else:
        with tarfile.open(path, "r:gz") as source:
            files = {info.name: info for info in source.getmembers() if info.isfile()}
            names = list(files)
            if member in files and (stream := source.extractfile(files[member])):
                return stream.read()
    raise ValueError(f"{path.name} has no file {member!r}. It has: {', '.join(sorted(names))}.")
