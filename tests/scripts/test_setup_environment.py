import subprocess
import sys
from pathlib import Path

import pytest

from scripts import setup_environment
from scripts.commands import SetupError, clean_environment, last_lines, run_logged

FIND_PYTHON = Path(__file__).parents[2] / "scripts" / "find_python"


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "scripts").mkdir()
    for file in ("requirements.lock", "setup.py", "scripts/a.py"):
        (tmp_path / file).write_text("1", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("changed", ["requirements.lock", "setup.py", "scripts/a.py"])
def test_an_edit_of_what_the_environment_is_made_from_makes_it_stale(checkout, changed):
    (checkout / ".venv").mkdir()
    stamp = checkout / ".venv" / "headrace-stamp"
    stamp.write_text(setup_environment.fingerprint(checkout), encoding="utf-8")
    assert setup_environment.is_ready(checkout)

    (checkout / changed).write_text("2", encoding="utf-8")

    assert not setup_environment.is_ready(checkout)


def test_another_python_makes_the_environment_stale(checkout, monkeypatch):
    before = setup_environment.fingerprint(checkout)

    monkeypatch.setattr(sys, "version", "3.12.0")

    assert setup_environment.fingerprint(checkout) != before


def test_an_environment_is_ready_only_once_it_is_in_its_place(tmp_path):
    building, environment = tmp_path / ".venv.building", tmp_path / ".venv"
    (building / "bin").mkdir(parents=True)
    (building / "pyvenv.cfg").write_text(f"command = {building}", encoding="utf-8")
    (building / "bin" / "headrace").write_text(f"#!{building}/bin/python", encoding="utf-8")
    (building / "bin" / "ruff").write_bytes(b"\x7fELF" + bytes(building))
    environment.mkdir()
    (environment / "of-the-old-one").touch()

    setup_environment.put_in_place(building, environment, "stamp")

    assert sorted(file.name for file in tmp_path.iterdir()) == [".venv"]
    assert not (environment / "of-the-old-one").exists()
    script = (environment / "bin" / "headrace").read_text(encoding="utf-8")
    assert script == f"#!{environment}/bin/python"
    assert (environment / "bin" / "ruff").read_bytes() == b"\x7fELF" + bytes(building)
    assert (environment / "headrace-stamp").read_text(encoding="utf-8") == "stamp"


def test_without_uv_and_ensurepip_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(setup_environment, "has_pip_for_new_environments", lambda: False)

    with pytest.raises(SetupError, match=r"install the package python3-venv, or uv\.$"):
        setup_environment.create_environment(tmp_path / "new", own_copy=False, log=tmp_path / "log")


def test_a_command_that_fails_leaves_its_words_in_the_log(tmp_path):
    log = tmp_path / "log"

    with pytest.raises(SetupError, match="it said:"):
        run_logged(sys.executable, "-c", "print(6 * 7); exit(3)", log=log, failure="it said:")

    assert "    42" in last_lines(log)


def test_installers_do_not_inherit_what_would_mislead_them(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PIP_USER", "1")

    assert not {"PYTHONDONTWRITEBYTECODE", "PIP_USER"} & clean_environment().keys()


@pytest.mark.parametrize("python", ["/nowhere/python3", "/bin/false"])
def test_a_python_that_does_not_suit_is_refused_in_one_sentence(python):
    found = subprocess.run(
        [FIND_PYTHON],
        env={"PYTHON": python, "PATH": "/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.splitlines() == [
        f"Set-up stopped: PYTHON={python} is not a Python 3.11, 3.12 or 3.13, which Headrace needs."
    ]


def test_the_environment_is_built_from_the_python_below_an_active_environment(tmp_path):
    found = subprocess.run(
        [FIND_PYTHON],
        env={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    base = Path(found.stdout.strip())
    assert base.parent == Path(sys.base_prefix) / "bin"
    assert not base.is_relative_to(sys.prefix)
