"""`headrace doctor` as it is started."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

HEADRACE = pathlib.Path(sys.executable).parent / "headrace"
LIBRARIES = {"TensorFlow", "Keras", "TFX", "ML Metadata", "Beam", "Kubeflow Pipelines"}


@pytest.fixture
def doctor(tmp_path):
    """Starts the command in an empty folder."""
    (tmp_path / "here").mkdir()

    def doctor(*words, **variables):
        return subprocess.run(
            [HEADRACE, "doctor", *words],
            capture_output=True,
            text=True,
            errors="replace",
            cwd=tmp_path / "here",
            env={**os.environ, **variables},
            check=False,
        )

    return doctor


def test_the_doctor_finds_this_machine_well_with_every_library_tried(doctor, tmp_path):
    said = doctor("--json")

    findings = json.loads(said.stdout)
    assert [finding for finding in findings if finding["state"] == "problem"] == []
    assert said.returncode == 0
    assert {finding["check"] for finding in findings} >= LIBRARIES
    assert [set(finding) for finding in findings] == [{"check", "state", "text", "mend"}] * len(
        findings
    )
    assert list((tmp_path / "here").iterdir()) == []


CRASH = "import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n"


def test_the_doctor_itself_needs_no_large_library_and_says_which_one_crashes(doctor, broken):
    said = doctor(
        "spec.toml", PYTHONPATH=broken(CRASH, "tensorflow", "tfx", "pyarrow", "numpy", "psutil")
    )

    assert said.returncode == 1
    assert said.stderr == ""
    assert "✓ memory" in said.stdout
    assert "✗ TensorFlow          ended by SIGILL. Not tried after that: Keras" in said.stdout
    assert "✗ spec                ended by SIGILL" in said.stdout
    # there may be warnings too, of this machine, and that nobody has compiled the stand-ins
    assert said.stdout.splitlines()[-1].startswith("2 problems")


def test_even_without_the_small_ones_it_says_what_it_can(doctor, broken):
    raising = "raise ImportError('broken')"

    said = doctor(PYTHONPATH=broken(raising, "pydantic", "packaging", "tensorflow", "kfp"))

    assert said.returncode == 1
    assert said.stderr == ""
    assert "✓ memory" in said.stdout
    assert "✗ Python              could not be checked: ImportError: broken" in said.stdout
    assert "✗ TensorFlow          ImportError: broken" in said.stdout


def test_where_only_ascii_can_be_printed_it_prints_ascii(doctor, broken):
    said = doctor("fübar.toml", PYTHONIOENCODING="ascii", PYTHONPATH=broken(CRASH, "tensorflow"))

    assert said.returncode == 1
    assert "+ memory" in said.stdout
    assert "x spec" in said.stdout
    assert "\\xfc" in said.stdout
    assert "! encoding" in said.stdout


def test_a_spec_that_is_not_there_is_a_problem_with_its_mend(doctor, broken):
    said = doctor("spec.toml", PYTHONPATH=broken(CRASH, "tensorflow"))

    assert "✗ spec" in said.stdout
    assert "does not exist" in said.stdout
    assert "Change spec.toml" in said.stdout


def test_ctrl_c_ends_it_broken_a_trace(tmp_path, broken):
    hanging = broken("import time\ntime.sleep(1000)\n", "tensorflow")
    process = subprocess.Popen(
        [HEADRACE, "doctor"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": hanging, "PYTHONUNBUFFERED": "1"},
    )
    for line in process.stdout:
        if " files " in line:
            break

    process.send_signal(2)
    _, error = process.communicate(timeout=60)

    assert (process.returncode, error) == (130, "")


@pytest.mark.parametrize("words", [["--nonsense"], ["a", "b"]])
def test_a_wrong_command_line_is_refused(doctor, words):
    assert doctor(*words).returncode == 2
