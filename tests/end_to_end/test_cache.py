"""What runs again after an edit, and what an earlier run serves."""

import json
import os
import re
import shutil

import pytest


@pytest.fixture
def ran(birds, json_of):
    """Runs the birds with a builder of the user's; by node, whether the cache served it."""
    (birds.parent / "mine.py").write_text(
        "import keras\nfrom modules.models import mlp\nfrom modules.spec.model import Mlp\n"
        "import sizes\n\n"
        "def build(columns, head, settings):\n"
        "    return mlp.build_model(columns, head, Mlp(family='mlp', hidden=sizes.HIDDEN))\n"
    )
    birds.write_text(re.sub(r"\[model\]\n(.+\n)*", "", birds.read_text()))
    (birds.parent / "sizes.py").write_text("HIDDEN = (8,)\n")
    (birds.parent / "notes.py").write_text("nothing = 1\n")

    def ran(*arguments):
        words = ("--set", "model.family=mine.py:build", *arguments)
        code, result = json_of("run", birds, *words)
        assert code == 0, result["reason"]
        ran.why = {node["name"]: node["why"] for node in result["nodes"]}
        return {node["name"]: node["cached"] for node in result["nodes"]}

    return ran


BEFORE_TRAINING = {
    "ImportSchemaGen",
    "TableExampleGen",
    "StatisticsGen",
    "ExampleValidator",
    "DataGate",
    "Transform",
}


@pytest.mark.slow
def test_an_edit_runs_what_it_touches_and_what_comes_of_it_again_and_nothing_else(ran, birds):
    folder = birds.parent
    assert not any(ran().values())

    # nothing, or nothing that counts: times, comments, a file that no node runs
    os.utime(folder / "penguins.csv", (0, 0))
    (folder / "sizes.py").write_text("# eight is plenty\nHIDDEN = (8,)\n")
    (folder / "notes.py").write_text("nothing = 2\n")
    assert all(ran().values())

    # what the builder imports
    (folder / "sizes.py").write_text("HIDDEN = (9,)\n")
    cached = ran()
    assert {node for node, served in cached.items() if served} == BEFORE_TRAINING
    assert ran.why["Trainer"] == ["sizes.py changed"]
    assert ran.why["Evaluator"][0].startswith("input ")

    # a setting of the training
    cached = ran("--set", "training.seed=1")
    assert {node for node, served in cached.items() if served} == BEFORE_TRAINING
    assert ran.why["Trainer"] == ["custom_config.spec.training.seed: 0, now 1"]

    # a value in the data
    rows = (folder / "penguins.csv").read_text()
    (folder / "penguins.csv").write_text(rows.replace("39.1", "39.2", 1))
    cached = ran()
    assert cached["ImportSchemaGen"]
    assert not cached["TableExampleGen"]
    assert ran.why["TableExampleGen"] == ["input files changed"]


@pytest.mark.slow
def test_a_push_is_made_again_when_another_version_or_none_or_a_damaged_one_is_served(ran, birds):
    serving = birds.parent / "runs" / "serving"
    ran()
    (version,) = serving.iterdir()

    shutil.copytree(version, serving / str(int(version.name) + 1))  # by somebody else
    assert {node for node, served in ran().items() if not served} == {"Pusher"}
    assert "has been pushed since" in ran.why["Pusher"][0]

    shutil.rmtree(serving)
    assert {node for node, served in ran().items() if not served} == {"Pusher"}
    assert "is gone" in ran.why["Pusher"][0]

    (version,) = serving.iterdir()
    (version / "saved_model.pb").write_bytes(b"")
    assert {node for node, served in ran().items() if not served} == {"Pusher"}
    assert "is not what was pushed" in ran.why["Pusher"][0]

    assert all(ran().values())


@pytest.mark.slow
def test_a_model_of_an_earlier_run_is_judged_against_the_one_served_and_pushed_again(ran):
    ran()
    ran("--set", "training.seed=1")

    cached = ran()

    assert cached["Trainer"]
    assert {node for node, served in cached.items() if not served} == {
        "Baseline",
        "Evaluator",
        "Pusher",
    }


@pytest.mark.slow
def test_a_rollback_is_left_alone_by_runs_that_change_nothing(ran, birds, headrace):
    serving = birds.parent / "runs" / "serving"
    ran()
    (first,) = serving.iterdir()
    ran("--set", "training.seed=1")
    second = max(serving.iterdir())

    told = headrace("rollback", "--in", birds)
    assert told.returncode == 0, told.stdout
    third = max(serving.iterdir())
    # What was gone back from is not pushed again, until somebody asks for it.
    cached = ran("--set", "training.seed=1")
    assert cached["Pusher"]
    assert f"{third.name}, a rollback to {first.name}, is served" in ran.why["Pusher"][1]
    assert not ran("--set", "training.seed=1", "--from", "Pusher")["Pusher"]

    listed = json.loads(headrace("versions", birds, "--json").stdout)["versions"]
    assert [each["version"] for each in listed[1:]] == [
        int(path.name) for path in (third, second, first)
    ]
    manifest = listed[1]["manifest"]
    assert (manifest["restores"], manifest["pipeline"]) == (int(first.name), "penguins")
    assert manifest["data"]["rows"].keys() == {"train", "valid", "eval"}
    assert manifest["data"]["fingerprint"].startswith("split:all,num_files:1")
    assert manifest["code"] == listed[2]["manifest"]["code"]
    assert manifest["spec"] != listed[2]["manifest"]["spec"]
