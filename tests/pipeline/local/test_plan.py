"""The DAG of a real spec, read from what TFX compiled."""

import json
import pathlib
import subprocess
import sys

import pytest

from pipeline.local.plan import Source, parsed, steps

ROOT = pathlib.Path(__file__).parents[3]


def nodes(*overrides):
    """The nodes of the flights."""
    from tfx.dsl.compiler import compiler

    from components.example_gen import files
    from pipeline import spec as spec_of
    from pipeline.graph import Places, build_pipeline

    folder = ROOT / "data" / "flights"
    spec = spec_of.load(folder / "spec.toml", overrides)
    data = files.locate(spec.data.source, spec.data.format, folder)
    places = Places(folder, data, "/runs/artifacts", "/runs/serving")
    return steps(compiler.Compiler().compile(build_pipeline(spec, places)))


@pytest.fixture(scope="module")
def flights():
    """With a warm start."""
    return nodes("training.warm_start=true")


def test_each_node_knows_what_it_waits_for_and_where_its_inputs_come_from(flights):
    evaluator = flights["Evaluator"]

    assert evaluator.inputs["model"] == (Source("Trainer", "model"),)
    assert evaluator.inputs["baseline_model"] == (Source("Baseline", "model"),)
    assert {"Trainer", "Baseline", "TableExampleGen"} <= evaluator.upstream
    assert evaluator.outputs == ("blessing", "evaluation")


def test_a_node_that_asks_only_that_another_is_done_waits_for_it(flights):
    assert "DataGate" in flights["Transform"].upstream
    assert Source("DataGate", "report") not in flights["Transform"].inputs.values()


def test_the_modules_that_a_node_runs_are_its_executor_and_the_functions_it_is_told(flights):
    assert flights["Transform"].modules == [
        "components.transform.executor",
        "modules.preprocessing",
    ]
    assert "modules.training.run" in flights["Trainer"].modules


def test_what_transform_is_told_says_nothing_of_model_and_training(flights):
    told = flights["Transform"].properties["custom_config"]["spec"]

    assert set(told) == {"label", "features", "preprocessing"}
    assert "steps" in flights["Trainer"].properties["custom_config"]["spec"]["training"]


def test_a_node_that_looks_up_earlier_models_knows_its_strategy_and_its_candidate(flights):
    baseline, start = flights["Baseline"], flights["WarmStart"]

    assert baseline.looks_up
    assert baseline.modules == ["components.baseline.strategy"]
    assert list(baseline.inputs.values()) == [(Source("Trainer", "model"),)]
    assert start.looks_up
    assert start.inputs == {}
    assert baseline.properties["interface"]["label"]["column"] == "late"


def test_the_run_is_the_only_context_without_a_name(flights):
    assert flights["Trainer"].contexts == (
        ("pipeline", "flights"),
        ("pipeline_run", None),
        ("node", "flights.Trainer"),
    )


def test_json_within_json_is_read_however_deep_and_other_text_is_left_alone():
    inner = json.dumps({"steps": 3})

    assert parsed(json.dumps({"spec": inner, "files": [inner]})) == {
        "spec": {"steps": 3},
        "files": [{"steps": 3}],
    }
    assert parsed("{not json") == "{not json"
    assert parsed("12") == "12"


def test_reading_a_compiled_pipeline_imports_no_tensorflow():
    code = "import sys; from pipeline.local import plan, reuse, runner; print(*sys.modules)"

    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert not {"tensorflow", "keras", "apache_beam", "tfx.types"} & set(said.stdout.split())


def test_formats_are_made_behind_the_judge_and_only_if_the_spec_asks(flights):
    converter = nodes('export.formats=["litert"]')["Converter"]

    assert "Converter" not in flights
    assert converter.inputs == {
        "model": (Source("Trainer", "model"),),
        "transformed_examples": (Source("Transform", "transformed_examples"),),
    }
    assert "Evaluator" in converter.upstream
    assert converter.properties["settings"]["export"]["formats"] == ["litert"]
    assert converter.properties["settings"]["metric"] == "auc"
