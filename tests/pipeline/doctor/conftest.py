"""Packages and disks that are made for a test, and libraries that are broken."""

import os
import subprocess

import pytest

from pipeline.doctor import packages


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a package that consists of one module of one byte, asking for others."""
    monkeypatch.syspath_prepend(str(tmp_path))
    packages.installed.cache_clear()

    def install(name, version, *requirements, python=">=3", tag="py3-none-any"):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        asks = "".join(f"Requires-Dist: {each}\n" for each in requirements)
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            f"Requires-Python: {python}\n{asks}"
        )
        (folder / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")
        (folder / "RECORD").write_text(f"{name}.py,,1\n../../../bin/{name},,7\n{name}.pyc,,\n")
        (tmp_path / f"{name}.py").write_text("\n")
        (tmp_path / f"{name}.pyc").touch()
        return tmp_path / f"{name}.py"

    yield install
    packages.installed.cache_clear()


@pytest.fixture
def mounted(tmp_path):
    """Mounts a disk in memory on a folder; skips where that is not allowed."""
    disks = []

    def mounted(options):
        disk = tmp_path / f"disk{len(disks)}"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("such a disk needs the right to mount one")
        disks.append(disk)
        return disk

    yield mounted
    for disk in disks:
        subprocess.run(["umount", disk], check=True)


@pytest.fixture
def broken(tmp_path):
    """A PYTHONPATH on which modules with a text come before those of their names."""

    def broken(text, *names):
        folder = tmp_path / "broken"
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / f"{name}.py").write_text(text)
        return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))

    return broken
