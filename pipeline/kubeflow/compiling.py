"""A TFX pipeline as the PipelineSpec that open-source Kubeflow Pipelines takes.

TFX's own compiler (1.21.0, tfx/orchestration/kubeflow/v2) writes for Vertex AI; docs/decisions/
kubeflow.md lists what the open-source server refuses of it, and what its pods would fail on.
"""

import re
from collections.abc import Iterable
from typing import Any

from google.protobuf import duration_pb2, json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as pb
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

from modules.errors import SpecError
from pipeline.beam import Beam
from pipeline.kubeflow.containers import container, exit_container, properties
from pipeline.kubeflow.packing import packed
from pipeline.kubeflow.parameters import Parameter
from pipeline.kubeflow.settings import Kubeflow, Stage

DAG = "pipeline"  # the task that holds all others, so that the exit handler sees its end
EXIT = "exit"  # the task that runs when they have ended, however
SCHEMA_VERSION = "2.1.0"  # the only one that the server takes (v2_template.go)

# What Kubeflow's pages know how to show; every other artifact is `system.Artifact`.
_TITLES = {
    standard_artifacts.Examples: "system.Dataset",
    standard_artifacts.Model: "system.Model",
    standard_artifacts.PushedModel: "system.Model",
}


def compile_pipeline(
    pipeline: Pipeline, settings: Kubeflow, beam: Beam, parameters: Iterable[Parameter]
) -> pb.PipelineSpec:
    """The spec of a pipeline, one container task a node.

    Args:
        pipeline: of components with executor classes; without resolvers and importers.
        settings: of the cluster.
        beam: where its Beam stages process their data.
        parameters: what may be given when a run starts.

    Raises:
        SpecError: naming each node that cannot be compiled.
    """
    nodes = list(pipeline.components)
    names = [task_name(node.id) for node in nodes]
    problems = [problem for node in nodes if (problem := _uncompilable(node))]
    problems += _same_names(nodes, names)
    if problems:
        raise SpecError(problems)
    parameters = list(parameters)
    spec = pb.PipelineSpec(schema_version=SCHEMA_VERSION, sdk_version="headrace")
    spec.pipeline_info.name = pipeline.pipeline_info.pipeline_name
    if settings.root:
        spec.default_pipeline_root = settings.root
    deployment = pb.PipelineDeploymentConfig()
    dag = spec.components[component_name(DAG)]
    for node, name in zip(nodes, names, strict=True):
        mine = [parameter for parameter in parameters if node.id in parameter.overlays]
        stage = settings.stage(node.id)
        component = spec.components[component_name(name)]
        _describe(component, name, node, mine)
        _add_task(dag.dag.tasks[name], name, node, mine, stage)
        pod = container(node, mine, beam, settings)
        deployment.executors[executor_name(name)].container.CopyFrom(pod)
    _pass_down(spec, dag, parameters)
    _add_exit(spec)
    deployment.executors[executor_name(EXIT)].container.CopyFrom(
        exit_container(spec.pipeline_info.name, settings)
    )
    spec.deployment_spec.update(json_format.MessageToDict(deployment))
    return spec


def task_name(node: str) -> str:
    """`TableExampleGen` -> `table-example-gen`: lower case, digits and hyphens, as Argo asks."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", node)
    return re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-")


def component_name(task: str) -> str:
    """Of the component that a task runs."""
    return f"comp-{task}"


def executor_name(task: str) -> str:
    """Of the executor that runs it: the key that the platform's settings go by, too."""
    return f"exec-{task}"


def _uncompilable(node: BaseNode) -> str | None:
    if isinstance(node, BaseComponent) and isinstance(node.executor_spec, ExecutorClassSpec):
        return None
    kind = type(node).__name__
    return (
        f"{node.id}: a {kind} does not run in a pod of Kubeflow Pipelines, expected a component "
        f"with an executor class. Write what it does as a component"
    )


def _same_names(nodes: list[BaseNode], names: list[str]) -> list[str]:
    return [
        f"{node.id}: becomes the task {name!r}, as another node does. Give it another id"
        for index, (node, name) in enumerate(zip(nodes, names, strict=True))
        if name in (*names[:index], DAG, EXIT)
    ]


def _describe(
    component: pb.ComponentSpec, name: str, node: BaseNode, parameters: list[Parameter]
) -> None:
    """What goes into the node and comes out of it."""
    component.executor_label = executor_name(name)
    for key, channel in node.inputs.items():
        artifact = component.input_definitions.artifacts[key]
        artifact.artifact_type.CopyFrom(_type(channel.type))
    for key, channel in node.outputs.items():
        component.output_definitions.artifacts[key].artifact_type.CopyFrom(_type(channel.type))
    for key, value in properties(node).items():
        kind = _runtime_type(value) if isinstance(value, RuntimeParameter) else _value_type(value)
        component.input_definitions.parameters[key].parameter_type = kind
    for parameter in parameters:
        component.input_definitions.parameters[parameter.name].parameter_type = parameter.kind


def _add_task(
    task: pb.PipelineTaskSpec, name: str, node: BaseNode, parameters: list[Parameter], stage: Stage
) -> None:
    """The node in the DAG: where its inputs come from, and when it is tried again."""
    task.task_info.name = node.id
    task.component_ref.name = component_name(name)
    task.caching_options.enable_cache = False  # docs/decisions/kubeflow.md: it would not be honest
    for key, channel in node.inputs.items():
        source = task.inputs.artifacts[key].task_output_artifact
        source.producer_task = task_name(channel.producer_component_id)
        source.output_artifact_key = channel.output_key
    for key, value in properties(node).items():
        if isinstance(value, RuntimeParameter):
            task.inputs.parameters[key].component_input_parameter = value.name
        else:
            task.inputs.parameters[key].runtime_value.constant.CopyFrom(_value(value))
    for parameter in parameters:
        task.inputs.parameters[parameter.name].component_input_parameter = parameter.name
    task.dependent_tasks.extend(sorted(task_name(node.id) for node in node.upstream_nodes))
    retry(task, stage)


def retry(task: pb.PipelineTaskSpec, stage: Stage) -> None:
    """Has a task that fails tried again, if its stage says so."""
    if stage.retries:
        task.retry_policy.max_retry_count = stage.retries
        task.retry_policy.backoff_duration.CopyFrom(duration_pb2.Duration(seconds=30))
        task.retry_policy.backoff_factor = 2.0


def _pass_down(spec: pb.PipelineSpec, dag: pb.ComponentSpec, parameters: list[Parameter]) -> None:
    """Declares the parameters of a run, and hands them to the DAG within."""
    task = spec.root.dag.tasks[DAG]
    task.task_info.name = DAG
    task.component_ref.name = component_name(DAG)
    task.caching_options.enable_cache = False
    for parameter in parameters:
        for definitions in (spec.root.input_definitions, dag.input_definitions):
            declared = definitions.parameters[parameter.name]
            declared.parameter_type = parameter.kind
            declared.description = parameter.help
            declared.is_optional = True
            declared.default_value.CopyFrom(_value(parameter.default))
        task.inputs.parameters[parameter.name].component_input_parameter = parameter.name


def _add_exit(spec: pb.PipelineSpec) -> None:
    """The task that runs last, when the DAG has ended well or badly or was stopped."""
    component = spec.components[component_name(EXIT)]
    component.executor_label = executor_name(EXIT)
    status = pb.ParameterType.TASK_FINAL_STATUS
    component.input_definitions.parameters["status"].parameter_type = status
    outcome = component.output_definitions.artifacts["outcome"]
    outcome.artifact_type.CopyFrom(_type(object))
    task = spec.root.dag.tasks[EXIT]
    task.task_info.name = EXIT
    task.component_ref.name = component_name(EXIT)
    task.caching_options.enable_cache = False
    task.dependent_tasks.append(DAG)
    task.inputs.parameters["status"].task_final_status.producer_task = DAG
    task.trigger_policy.strategy = task.trigger_policy.ALL_UPSTREAM_TASKS_COMPLETED


def _type(artifact_class: type) -> pb.ArtifactTypeSchema:
    title = _TITLES.get(artifact_class, "system.Artifact")
    return pb.ArtifactTypeSchema(schema_title=title, schema_version="0.0.1")


def _value_type(value: Any) -> pb.ParameterType.ParameterTypeEnum:
    """The type of a constant; a bool is an int in Python, and comes first."""
    kinds = {
        bool: pb.ParameterType.BOOLEAN,
        int: pb.ParameterType.NUMBER_INTEGER,
        float: pb.ParameterType.NUMBER_DOUBLE,
        list: pb.ParameterType.LIST,
        dict: pb.ParameterType.STRUCT,
    }
    return kinds.get(type(value), pb.ParameterType.STRING)


def _runtime_type(parameter: RuntimeParameter) -> pb.ParameterType.ParameterTypeEnum:
    return _value_type(parameter.ptype())


def _value(value: Any) -> struct_pb2.Value:
    if not isinstance(value, bool | int | float | str | list | dict):
        raise SpecError([f"kubeflow: {value!r} is no JSON value, and cannot be sent to a pod"])
    value = packed(value) if isinstance(value, str) else value
    return json_format.ParseDict(value, struct_pb2.Value())
