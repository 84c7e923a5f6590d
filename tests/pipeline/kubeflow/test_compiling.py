"""What a spec becomes on Kubeflow Pipelines."""

import json
import pathlib

import pytest
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb
from tfx.orchestration.pipeline import Pipeline

from modules.errors import DataError, SpecError
from modules.spec.learning import Interface
from pipeline.beam import Beam
from pipeline.graph import latest_blessed
from pipeline.kubeflow.build import Compiled
from pipeline.kubeflow.check import check
from pipeline.kubeflow.compiling import compile_pipeline, task_name
from pipeline.kubeflow.packing import unpacked
from pipeline.kubeflow.settings import Kubeflow
from tests.pipeline.kubeflow import nodes

GOLDEN = pathlib.Path(__file__).parent / "golden"


def tasks(made):
    return made.pipeline.components["comp-pipeline"].dag.tasks


def container(made, task):
    executors = json_format.MessageToDict(made.pipeline.deployment_spec)["executors"]
    return executors[f"exec-{task}"]["container"]


def pod(made, task):
    platform = json_format.MessageToDict(made.platform)["platforms"]["kubernetes"]
    return platform["deploymentSpec"]["executors"][f"exec-{task}"]


@pytest.mark.parametrize("name", ["diamonds", "flights", "penguins"])
def test_a_data_set_compiles_to_the_same_text_as_ever(compiled, name):
    # After a change that is meant: python -m tests.pipeline.kubeflow.write_golden
    assert compiled(name).yaml() == (GOLDEN / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["diamonds", "flights", "penguins"])
def test_the_server_would_take_every_data_set(compiled, name):
    assert check(list(yaml.safe_load_all(compiled(name).yaml()))) == []


def test_the_pods_are_the_stages_of_the_local_run_in_the_same_order(compiled):
    made = tasks(compiled("flights"))

    assert {task.task_info.name for task in made.values()} == {
        *("ImportSchemaGen", "TableExampleGen", "StatisticsGen", "ExampleValidator", "DataGate"),
        *("Transform", "Trainer", "Baseline", "Evaluator", "Pusher"),
        *("ServingValidator", "Report"),
    }
    assert "data-gate" in made["transform"].dependent_tasks
    assert "trainer" in made["baseline"].dependent_tasks


def test_formats_that_are_asked_for_are_made_in_a_pod_of_their_own(compiled):
    made = compiled("penguins", 'export.formats=["litert"]')

    converter = tasks(made)["converter"]
    assert converter.inputs.artifacts["model"].task_output_artifact.producer_task == "trainer"
    assert sorted(converter.dependent_tasks) == ["evaluator", "trainer", "transform"]
    assert check(list(yaml.safe_load_all(made.yaml()))) == []


def test_the_last_task_shows_the_others_on_a_page_that_kubeflow_opens(compiled):
    made = compiled("flights", 'export.formats=["litert"]')
    report = tasks(made)["report"]
    sources = {key: each.task_output_artifact for key, each in report.inputs.artifacts.items()}
    taken = {
        key: f"{each.producer_task}.{each.output_artifact_key}" for key, each in sources.items()
    }
    page = made.pipeline.components["comp-report"].output_definitions.artifacts["report"]

    assert page.artifact_type.schema_title == "system.HTML"
    assert set(report.dependent_tasks) == set(tasks(made)) - {"report"}
    assert taken == {
        "statistics": "statistics-gen.statistics",
        "schema": "import-schema-gen.schema",
        "anomalies": "example-validator.anomalies",
        "training": "trainer.model_run",
        "evaluation": "evaluator.evaluation",
        "verdict": "evaluator.blessing",
        "serving_check": "serving-validator.blessing",
        "formats": "converter.formats",
        "pushed": "pusher.pushed_model",
    }
    assert check(made.documents()) == []


def test_the_report_takes_nothing_of_a_stage_that_is_not_there(compiled):
    made = compiled("penguins", "serving.check=false", "validation={}")
    taken = tasks(made)["report"].inputs.artifacts

    assert "serving_check" not in taken
    assert taken["schema"].task_output_artifact.producer_task == "schema-gen"
    assert check(made.documents()) == []


def test_the_page_is_told_the_spec_the_run_and_what_the_run_was_given(compiled):
    given = tasks(compiled("penguins"))["report"].inputs.parameters

    spec = json.loads(unpacked(given["spec"].runtime_value.constant.string_value))
    assert spec["evaluation"]["rules"][0]["min"] == 0.95
    assert given["run"].runtime_value.constant.string_value == "{{$.pipeline_job_uuid}}"
    assert {
        given[name].component_input_parameter for name in ("data", "span", "steps", "push")
    } == {*("data", "span", "steps", "push")}


def test_the_pod_of_the_report_is_a_stage_like_any_other(compiled):
    stage = 'kubeflow.stages={Report={memory="1Gi", retries=2}}'
    made = compiled("flights", stage, "kubeflow.timeout_minutes=90")

    assert container(made, "report")["resources"]["resourceMemoryLimit"] == "1Gi"
    assert tasks(made)["report"].retry_policy.max_retry_count == 2
    assert pod(made, "report")["activeDeadlineSeconds"] == "5400"
    assert "resources" not in container(compiled("flights"), "report")


def test_a_parameter_of_the_run_reaches_the_pods_that_it_changes(compiled):
    made = compiled("flights")
    given = tasks(made)["trainer"].inputs.parameters["steps"]
    node = json.loads(container(made, "trainer")["args"][1])

    assert given.component_input_parameter == "steps"
    assert node["overlays"] == {"steps": ["train_args.num_steps"]}
    assert made.pipeline.root.input_definitions.parameters["steps"].default_value.number_value == 0


def test_the_exit_handler_runs_however_the_rest_has_ended(compiled):
    made = compiled("flights")
    last = made.pipeline.root.dag.tasks["exit"]

    assert last.dependent_tasks == ["pipeline"]
    assert last.inputs.parameters["status"].task_final_status.producer_task == "pipeline"
    assert last.trigger_policy.strategy == last.trigger_policy.ALL_UPSTREAM_TASKS_COMPLETED
    assert pod(made, "exit")["securityContext"] == {"runAsNonRoot": True}


def test_every_pod_mounts_the_volume_and_can_write_below_tmp_only(compiled):
    made = pod(compiled("flights"), "statistics-gen")

    assert made["pvcMount"][0]["constant"] == "headrace"
    assert made["pvcMount"][0]["mountPath"] == "/headrace"
    assert made["emptyDirMounts"] == [{"volumeName": "tmp", "mountPath": "/tmp"}]
    assert made["securityContext"] == {"runAsNonRoot": True}


def test_a_stage_gets_what_its_table_says_over_what_all_get(compiled):
    stage = 'kubeflow.stages={Trainer={cpu="4", memory="16Gi", gpus=1, retries=2}}'
    general = ["kubeflow.retries=1", 'kubeflow.node_selector={pool="ml"}', stage]
    made = compiled("flights", *general, "kubeflow.timeout_minutes=90")

    resources = container(made, "trainer")["resources"]
    assert resources["resourceCpuLimit"] == "4"
    assert resources["resourceMemoryRequest"] == "16Gi"
    assert resources["accelerator"] == {"resourceType": "nvidia.com/gpu", "resourceCount": "1"}
    assert tasks(made)["trainer"].retry_policy.max_retry_count == 2
    assert tasks(made)["transform"].retry_policy.max_retry_count == 1
    assert pod(made, "trainer")["nodeSelector"] == {"labels": {"pool": "ml"}}
    assert pod(made, "transform")["activeDeadlineSeconds"] == "5400"
    assert "resources" not in container(made, "transform")


def test_secrets_are_named_never_written_down(compiled):
    secret = 'kubeflow.secrets=[{name="store", env={AWS_SECRET_ACCESS_KEY="secretkey"}}]'
    made = compiled("flights", secret, 'kubeflow.image_pull_secrets=["registry"]')

    given = pod(made, "pusher")["secretAsEnv"][0]
    assert given["secretName"] == "store"
    assert given["keyToEnv"] == [{"secretKey": "secretkey", "envVar": "AWS_SECRET_ACCESS_KEY"}]
    assert pod(made, "pusher")["imagePullSecret"][0]["secretName"] == "registry"


def test_an_engine_gets_files_on_the_volume_and_dataflow_none(compiled):
    made = compiled("flights", 'beam={runner="flink", job_endpoint="flink:8099"}')
    statistics, gate = (
        json.loads(container(made, task)["args"][1]) for task in ("statistics-gen", "data-gate")
    )

    assert statistics["shared"] == "/headrace/.beam"
    assert "--sdk_container_image=registry.example/headrace:1" in statistics["beam"]
    assert "shared" not in gate
    with pytest.raises(SpecError, match="'dataflow' see neither the volume"):
        compiled(
            "flights",
            'beam={runner="dataflow", project="p", region="r", temp_location="gs://p/t"}',
        )


def test_an_unknown_stage_is_refused_with_the_nearest_name(compiled):
    with pytest.raises(SpecError, match=r"kubeflow\.stages\.Traner: .*did you mean 'Trainer'"):
        compiled("flights", 'kubeflow.stages={Traner={cpu="1"}}')


def test_a_folder_whose_format_nothing_tells_is_refused(compiled):
    with pytest.raises(DataError, match=r"data\.format: 'elsewhere' does not tell it"):
        compiled("flights", "data.source=elsewhere")


def test_a_folder_that_is_only_on_the_cluster_needs_its_format(compiled):
    made = compiled("flights", "data.source=elsewhere", "data.format=parquet")
    given = tasks(made)["table-example-gen"].inputs.parameters["input_base"]

    assert given.runtime_value.constant.string_value == "/headrace/flights/elsewhere"


@pytest.mark.parametrize(
    ("node", "task"),
    [
        ("TableExampleGen", "table-example-gen"),
        ("Trainer.eu_west", "trainer-eu-west"),
        ("TFMAEvaluator", "tfma-evaluator"),
        ("mine", "mine"),
    ],
)
def test_a_task_is_named_for_its_node_as_argo_asks(node, task):
    assert task_name(node) == task


def test_a_table_of_five_hundred_columns_fits_into_the_commands_of_its_pods(compiled):
    features = ", ".join(f'column_{number}={{kind="numeric"}}' for number in range(500))
    made = compiled("flights", f"features={{{features}}}", "evaluation={}")
    given = tasks(made)["transform"].inputs.parameters["custom_config"]
    text = given.runtime_value.constant.string_value

    assert check(made.documents()) == []
    assert "column_499" not in text
    assert "column_499" in json.loads(json.loads(unpacked(text))["spec"])["features"]


def test_a_pipeline_of_fifty_components_of_a_users_own_compiles(tmp_path):
    settings = Kubeflow(image="registry.example/headrace:1", volume={"claim": "headrace"})
    made = [nodes.Refuse().with_id("Refuse0")]
    for number in range(1, 50):
        made.append(nodes.Pass(given=made[-1].outputs["seen"]).with_id(f"Pass{number}"))
    pipeline = Pipeline("many", str(tmp_path), components=made)

    compiled = compile_pipeline(pipeline, settings, Beam(), ())

    assert check([json_format.MessageToDict(compiled)]) == []
    assert len(compiled.components["comp-pipeline"].dag.tasks) == 50
    node = json.loads(container(Compiled(compiled, pb.PlatformSpec()), "pass49")["args"][1])
    assert node["inputs"] == {"given": "tests.pipeline.kubeflow.nodes.Seen"}


def test_what_no_pod_can_run_is_refused_with_every_node_named(tmp_path):
    settings = Kubeflow(image="registry.example/headrace:1", volume={"claim": "headrace"})
    twice = [nodes.Refuse().with_id("refuse"), nodes.Refuse().with_id("Refuse")]
    asks = latest_blessed(
        "Baseline", Interface(label={"column": "y", "task": "binary"}, columns={}), None, None
    )
    pipeline = Pipeline("odd", str(tmp_path), components=[*twice, asks])

    with pytest.raises(SpecError) as refused:
        compile_pipeline(pipeline, settings, Beam(), ())

    named = [problem.partition(":")[0] for problem in refused.value.problems]
    assert [name.lower() for name in named] == ["baseline", "refuse"]
