"""`headrace doctor` as it is started."""

import json
import pathlib
import subprocess
import sys

import pytest

HEADRACE = pathlib.Path(sys.executable).parent / "headrace"


def test_the_doctor_finds_this_machine_well_with_every_library_tried(tmp_path):
    said = subprocess.run(
        [HEADRACE, "doctor", "--json"], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    findings = {finding["check"]: finding for finding in json.loads(said.stdout)}
    problems = [finding for finding in findings.values() if finding["state"] == "problem"]
    assert (said.returncode, problems) == (0, [])
    assert {"TensorFlow", "Keras", "TFX", "ML Metadata", "Beam"} <= set(findings)
    assert list(tmp_path.iterdir()) == []


def test_a_spec_that_is_not_there_is_a_problem_with_its_mend(tmp_path):
    said = subprocess.run(
        [HEADRACE, "doctor", tmp_path / "spec.toml"], capture_output=True, text=True, check=False
    )

    assert said.returncode == 1
    assert "does not exist" in said.stdout
    assert "1 problem" in said.stdout


def test_the_doctor_itself_needs_no_large_library():
    code = "import sys; from pipeline.doctor import command; print(*sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"tensorflow", "tfx", "apache_beam", "keras"} & set(said.stdout.split())


@pytest.mark.parametrize("words", [["--nonsense"], ["a", "b"]])
def test_a_wrong_command_line_is_refused(words):
    said = subprocess.run([HEADRACE, "doctor", *words], capture_output=True, check=False)

    assert said.returncode == 2
