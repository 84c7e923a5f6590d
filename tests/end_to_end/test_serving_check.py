"""A model that cannot be served as the spec asks is not pushed, and the run says why."""

import json

import pytest


@pytest.mark.slow
def test_a_model_over_its_budget_is_not_pushed_and_without_the_budget_it_is(birds, headrace):
    runs = birds.parent / "runs"

    refused = headrace("run", birds, "--set", "serving.max_p50_ms=0.0001")
    pushed = list((runs / "serving").iterdir())
    finished = headrace("run", birds, "--json")
    result = json.loads(finished.stdout)

    assert refused.returncode == 5
    assert "Not blessed: serving_default: 50 % of 100 calls with one row took up to " in (
        refused.stdout
    )
    assert "expected 0.0001 ms at most. Make the model faster, or raise serving.max_p50_ms" in (
        refused.stdout
    )
    assert "Nothing was pushed; what was served before still is." in refused.stdout
    assert pushed == []
    assert finished.returncode == 0, result["reason"]
    assert result["pushed"] is not None
    again = {node["name"] for node in result["nodes"] if not node["cached"]}
    assert again <= {"Baseline", "Evaluator", "ServingValidator", "Pusher"}
    assert {"ServingValidator", "Pusher"} <= again
    reports = [
        json.loads(file.read_text())
        for file in (runs / "artifacts").glob("ServingValidator/blessing/*/serving.json")
    ]
    assert sorted(report["blessed"] for report in reports) == [False, True]
    # the sample has few rows to judge by; those that the Trainer watched are found among them
    assert all(report["trainer"]["rows"] > 0 for report in reports)
    assert all(report["trainer"]["largest"] <= report["trainer"]["bound"] for report in reports)


@pytest.mark.slow
def test_the_check_can_be_left_out(birds, json_of):
    code, result = json_of("run", birds, "--set", "serving.check=false")

    assert code == 0, result["reason"]
    assert "ServingValidator" not in [node["name"] for node in result["nodes"]]
    assert result["pushed"] is not None
