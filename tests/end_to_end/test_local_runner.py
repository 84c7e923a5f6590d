"""TFX's LocalDagRunner in the place of ours."""

import pytest

from pipeline.local.cache import contents

# The same in each run. What else there is names functions and times anew each time:
# saved_model.pb, TensorBoard's events.
SAME = (
    "TableExampleGen/examples",
    "StatisticsGen/statistics",
    "ExampleValidator/anomalies",
    "DataGate/report",
    "Transform/transformed_examples",
    "Transform/transform_graph/*/transformed_metadata",
    "Trainer/model/*/Format-Serving/variables",
    "Evaluator/blessing",
)


@pytest.mark.slow
def test_tfxs_own_runner_makes_equal_artifacts(birds, json_of):
    made, results = {}, {}
    for runner in ("headrace", "tfx"):
        runs = birds.parent / runner
        code, results[runner] = json_of(
            "run", birds, "--runs", runs, "--set", f"local.runner={runner}"
        )
        assert code == 0, results[runner]["reason"]
        made[runner] = {}
        for pattern in SAME:
            (found,) = (runs / "artifacts").glob(pattern if "*" in pattern else f"{pattern}/*")
            made[runner][pattern] = contents.digest(found)

    assert made["headrace"] == made["tfx"]
    assert results["headrace"]["metrics"] == results["tfx"]["metrics"]
    nodes = [[node["name"] for node in result["nodes"]] for result in results.values()]
    assert sorted(nodes[0]) == sorted(nodes[1])
