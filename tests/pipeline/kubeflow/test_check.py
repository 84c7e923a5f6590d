"""A pipeline that Kubeflow's server would refuse is refused before it is sent."""

import copy

import pytest

from pipeline.kubeflow.check import check

DAG = ("components", "comp-pipeline", "dag", "tasks")
TRAINER = (*DAG, "trainer")
CONTAINER = ("deploymentSpec", "executors", "exec-trainer", "container")
POD = ("platforms", "kubernetes", "deploymentSpec", "executors", "exec-trainer")


@pytest.fixture
def documents(compiled):
    return copy.deepcopy(compiled("flights").documents())


def put(document, path, value):
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def drop(document, path):
    for key in path[:-1]:
        document = document[key]
    del document[path[-1]]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("schemaVersion",), "2.0.0", "takes '2.1.0' only"),
        (("pipelineInfo", "name"), "Flights!", "pipelineInfo.name: got 'Flights!'"),
        (("pipelineInfo", "nam"), "x", "no pipeline spec"),
        (("defaultPipelineRoot",), "/srv/artifacts", "defaultPipelineRoot: got '/srv/artifacts'"),
        (("components", "root"), {"executorLabel": "exec-trainer"}, "the name is reserved"),
        (("components", "comp-trainer", "executorLabel"), "exec-x", "no executor 'exec-x'"),
        ((*TRAINER, "componentRef", "name"), "comp-traner", "no component 'comp-traner'; did"),
        ((*TRAINER, "dependentTasks"), ["transform"], "which it does not wait for"),
        ((*DAG, "trainer_2"), {"componentRef": {"name": "comp-trainer"}}, "task 'trainer_2'"),
        ((*DAG, "transform", "dependentTasks"), ["pusher"], "tasks wait for each other"),
        ((*CONTAINER, "image"), "", "names no image"),
        ((*CONTAINER, "lifecycle"), {"preCacheCheck": {"command": ["x"]}}, "never runs"),
        ((*CONTAINER, "args"), ["x" * 140_000], "an argument of 140,000 bytes"),
        ((*CONTAINER, "resources"), {"resourceCpuLimit": "4 cores"}, "cpu_limit: got '4 cores'"),
    ],
)
def test_what_the_server_refuses_of_a_pipeline_is_told(documents, path, value, told):
    put(documents[0], path, value)

    assert any(told in problem for problem in check(documents))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (("root",), "root: is missing"),
        ((*TRAINER, "inputs", "artifacts", "examples"), "input 'examples' is not given"),
        ((*TRAINER, "inputs", "parameters", "train_args"), "'train_args' is not given"),
        (("components", "comp-pipeline", "inputDefinitions"), "the run's 'steps'"),
        (("deploymentSpec", "executors", "exec-trainer"), "no executor 'exec-trainer'"),
    ],
)
def test_what_is_missing_is_told(documents, path, told):
    drop(documents[0], path)

    assert any(told in problem for problem in check(documents))


def test_a_constant_of_another_type_is_told(documents):
    path = (*TRAINER, "inputs", "parameters", "train_args", "runtimeValue", "constant")
    put(documents[0], path, 3)

    assert any("'train_args': got 3.0, expected STRING" in problem for problem in check(documents))


def test_a_resolver_as_tfx_compiles_one_is_refused(documents):
    put(documents[0], ("deploymentSpec", "executors", "exec-baseline"), {"resolver": {}})

    assert (
        "executor exec-baseline: is a resolver, the server runs containers and importers only"
        in (check(documents))
    )


def test_an_importer_takes_from_stores_only(documents):
    importer = {"importer": {"artifactUri": {"constant": "/srv/schema"}}}
    put(documents[0], ("deploymentSpec", "executors", "exec-baseline"), importer)

    assert any("imports '/srv/schema'" in problem for problem in check(documents))


def test_inputs_that_no_command_line_can_hold_are_refused(documents):
    path = (*TRAINER, "inputs", "parameters", "custom_config", "runtimeValue", "constant")
    put(documents[0], path, "x" * 120_000)

    assert any("a pod can be told 114,688 at most" in problem for problem in check(documents))


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ((*POD, "pvcMount", 0, "mountPath"), "headrace", "expected an absolute path"),
        ((*POD, "pvcMount", 0, "mountPath"), "/tmp", "mounts two volumes at '/tmp'"),
        ((*POD, "pvcMounts"), [], 'no field named "pvcMounts"'),
        ((*POD[:-1], "exec-x"), {}, "no executor 'exec-x'"),
    ],
)
def test_what_the_pods_could_not_be_given_is_told(documents, path, value, told):
    put(documents[1], path, value)

    assert any(told in problem for problem in check(documents))


def test_a_dag_that_no_driver_can_be_told_is_refused(documents):
    dag = documents[0]["components"]["comp-pipeline"]["dag"]["tasks"]
    for index in range(4):  # each of them may be as large
        constant = {"runtimeValue": {"constant": "x" * 40_000}}
        dag[f"copy-{index}"] = copy.deepcopy(dag["trainer"])
        dag[f"copy-{index}"]["inputs"]["parameters"]["custom_config"] = constant

    assert any("comp-pipeline: " in problem for problem in check(documents))


def test_two_components_of_one_container_must_be_alike(documents):
    executors = documents[0]["deploymentSpec"]["executors"]
    executors["exec-pusher"] = executors["exec-evaluator"]

    assert any("the same container as comp-evaluator" in problem for problem in check(documents))


def test_fifty_stages_are_checked_as_well(documents):
    tasks, components = (
        documents[0]["components"]["comp-pipeline"]["dag"]["tasks"],
        documents[0]["components"],
    )
    for index in range(50):
        components[f"comp-copy-{index}"] = components["comp-statistics-gen"]
        tasks[f"copy-{index}"] = copy.deepcopy(tasks["statistics-gen"])
        tasks[f"copy-{index}"]["componentRef"]["name"] = f"comp-copy-{index}"

    assert check(documents) == []
