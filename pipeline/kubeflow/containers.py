"""What a pod of Kubeflow Pipelines runs: its image, its command, and what it is given."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from kfp.pipeline_spec import pipeline_spec_pb2 as pb
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.utils import name_utils

from components.example_gen.component import TableExampleGen
from pipeline.beam import Beam, beam_args
from pipeline.kubeflow.node import Node
from pipeline.kubeflow.parameters import Parameter
from pipeline.kubeflow.settings import Kubeflow, Stage

Container: TypeAlias = pb.PipelineDeploymentConfig.PipelineContainerSpec
_Resources: TypeAlias = pb.PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec
_Variable: TypeAlias = pb.PipelineDeploymentConfig.PipelineContainerSpec.EnvVar


def container(
    node: BaseNode,
    parameters: list[Parameter],
    beam: Beam,
    settings: Kubeflow,
) -> Container:
    """The pod of the node."""
    on_engine = beam.is_elsewhere and isinstance(node.executor_spec, BeamExecutorSpec)
    told = Node(
        executor=name_utils.get_full_name(node.executor_spec.executor_class),
        inputs={key: _class(channel.type) for key, channel in node.inputs.items()},
        outputs={key: _class(channel.type) for key, channel in node.outputs.items()},
        integers=tuple(key for key, value in properties(node).items() if type(value) is int),
        resolves_span=isinstance(node, TableExampleGen),
        overlays={parameter.name: parameter.overlays[node.id] for parameter in parameters},
        beam=tuple(beam_args(beam, settings.image)),
        shared=f"{settings.volume.path}/.beam" if on_engine else None,
    )
    pod = Container(
        image=settings.image,
        command=["python", "-m", "pipeline.kubeflow.entrypoint"],
        args=["--node", told.model_dump_json(exclude_defaults=True), "--input", "{{$}}"],
        env=_environment(settings),
    )
    _give(pod.resources, settings.stage(node.id))
    return pod


def exit_container(pipeline: str, settings: Kubeflow) -> Container:
    """The pod of the exit handler."""
    outcome = "{{$.outputs.artifacts['outcome'].path}}"
    return Container(
        image=settings.image,
        command=["python", "-m", "pipeline.kubeflow.outcome"],
        args=[
            *("--pipeline", pipeline),
            *("--status", "{{$.inputs.parameters['status']}}"),
            *("--output", outcome),
        ],
        env=_environment(settings),
    )


def report_container(settings: Kubeflow, stage: Stage) -> Container:
    """The pod that writes the report."""
    page = "{{$.outputs.artifacts['report'].path}}"
    pod = Container(
        image=settings.image,
        command=["python", "-m", "pipeline.kubeflow.report"],
        args=["--image", settings.image, "--output", page, "--input", "{{$}}"],
        env=_environment(settings),
    )
    _give(pod.resources, stage)
    return pod


def properties(node: BaseNode) -> Mapping[str, Any]:
    """Execution properties that are given."""
    return {key: value for key, value in node.exec_properties.items() if value is not None}


def _environment(settings: Kubeflow) -> list[_Variable]:
    # A read-only root file system and any numeric user: only /tmp is sure to be writable.
    own = {"HOME": "/tmp", "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "1"}  # noqa: S108
    return [_Variable(name=name, value=value) for name, value in {**own, **settings.env}.items()]


def _give(resources: _Resources, stage: Stage) -> None:
    if stage.cpu:
        resources.resource_cpu_request = resources.resource_cpu_limit = stage.cpu
    if stage.memory:
        resources.resource_memory_request = resources.resource_memory_limit = stage.memory
    if stage.gpus:
        resources.accelerator.resource_type = stage.gpu_resource
        resources.accelerator.resource_count = str(stage.gpus)


def _class(artifact_class: type) -> str:
    return name_utils.get_full_name(artifact_class)
