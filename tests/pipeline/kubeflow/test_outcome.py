"""What is written when a run on Kubeflow has ended."""

import json

import pytest

from pipeline.kubeflow import outcome


@pytest.mark.parametrize(
    ("status", "expected", "told"),
    [
        ({"state": "SUCCEEDED"}, ("SUCCEEDED", None), "headrace: flights succeeded"),
        (
            {"state": "FAILED", "error": {"code": 9, "message": "data-gate failed"}},
            ("FAILED", "data-gate failed"),
            "headrace: flights failed: data-gate failed",
        ),
        ({}, ("UNKNOWN", None), "headrace: flights unknown"),
    ],
)
def test_the_state_and_the_error_are_written_down_and_told(
    tmp_path, capsys, status, expected, told
):
    file = tmp_path / "run" / "outcome"
    arguments = ["--pipeline", "flights", "--status", json.dumps(status), "--output", str(file)]

    assert outcome.main(arguments) == 0

    state, error = expected
    written = json.loads(file.read_text())
    assert written == {"pipeline": "flights", "state": state, "error": error}
    assert capsys.readouterr().err == f"{told}\n"
