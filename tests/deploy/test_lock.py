"""Which part of the lock is for running."""

import pytest

from scripts.image import lock

TEXT = """\
absl-py==1.4.0 ; sys_platform == 'linux' \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via
    #   keras
    #   pytest
keras==3.15.1 \\
    --hash=sha256:bb
    # via headrace (setup.py)
pluggy==1.6.0 \\
    --hash=sha256:cc
    # via pytest
pytest==9.1 \\
    --hash=sha256:dd
    # via headrace (setup.py)
scipy==1.16 ; python_full_version < '3.12' \\
    --hash=sha256:ee
    # via absl-py
scipy==1.17 ; python_full_version >= '3.12' \\
    --hash=sha256:ff
    # via absl-py
"""


def test_what_is_needed_is_kept_with_all_that_it_needs():
    # scipy is wanted by absl-py, which keras wants; pytest's pluggy by nobody who stays
    assert lock.runtime(TEXT, {"keras"}) == {"absl-py", "keras", "scipy"}


def test_an_entry_keeps_its_marker_and_its_hashes_for_every_python():
    kept = lock.subset(TEXT, {"absl-py", "scipy"})

    assert kept.count("sys_platform") == 1
    assert [line.split("==")[0] for line in kept.splitlines() if "==" in line[:10]] == [
        "absl-py",
        "scipy",
        "scipy",
    ]
    assert all(f"sha256:{digest}" in kept for digest in ("aa", "ab", "ee", "ff"))
    assert "sha256:bb" not in kept


def test_a_package_that_is_not_locked_is_named():
    with pytest.raises(ValueError, match=r"has no torch\. Run `make lock`"):
        lock.runtime(TEXT, {"keras", "torch"})

    with pytest.raises(ValueError, match="has no torch"):
        lock.subset(TEXT, {"torch"})


def test_requirements_are_read_without_running_setup(tmp_path):
    setup = tmp_path / "setup.py"
    setup.write_text(
        "from setuptools import setup\n"
        "setup(install_requires=['tfx==1.21.0', 'Typing_Extensions>=4', 'pydantic[email]'],\n"
        "      extras_require={'dev': ['pytest']})\n"
    )

    assert lock.requirements(setup) == {"tfx", "typing-extensions", "pydantic"}


def test_a_setup_without_requirements_is_an_error(tmp_path):
    setup = tmp_path / "setup.py"
    setup.write_text("from setuptools import setup\nsetup()\n")

    with pytest.raises(ValueError, match="no install_requires"):
        lock.requirements(setup)
