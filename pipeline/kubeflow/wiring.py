"""Whether the tasks of a compiled DAG are given what they need, of the right type."""

import graphlib
from collections.abc import Iterator

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from modules.errors import did_you_mean

_LARGEST_INPUT = 128 * 1024 - 16 * 1024  # of an ExecutorInput on argv, with room for its URIs
_KINDS = {
    pb.ParameterType.STRING: "string_value",
    pb.ParameterType.NUMBER_INTEGER: "number_value",
    pb.ParameterType.NUMBER_DOUBLE: "number_value",
    pb.ParameterType.BOOLEAN: "bool_value",
    pb.ParameterType.LIST: "list_value",
    pb.ParameterType.STRUCT: "struct_value",
    pb.ParameterType.TASK_FINAL_STATUS: "struct_value",
}


def wiring_problems(parent: pb.ComponentSpec, spec: pb.PipelineSpec) -> Iterator[str]:
    """What the server refuses, or a driver fails on, of the tasks of a component.

    kubeflow/pipelines 2.16, backend/src/v2: compiler/visitor.go (references),
    compiler/argocompiler/dag.go (dependencies), driver/resolve.go (inputs).
    """
    tasks = parent.dag.tasks
    for name, task in tasks.items():
        for other in task.dependent_tasks:
            if other not in tasks:
                yield f"task {name}: waits for {other!r}, which is not there"
        reference = task.component_ref.name
        if reference not in spec.components:
            near = did_you_mean(reference, spec.components)
            yield f"task {name}: no component {reference!r}{near}"
            continue
        component = spec.components[reference]
        problems = (*_of_artifacts(task, component, parent, spec), *_of_parameters(task, component))
        problems += (*_from_parent(task, parent), *_of_size(task))
        yield from (f"task {name}: {problem}" for problem in problems)
    try:
        graphlib.TopologicalSorter(
            {name: list(task.dependent_tasks) for name, task in tasks.items()}
        ).prepare()
    except graphlib.CycleError as error:
        yield f"tasks wait for each other: {' -> '.join(error.args[1])}"


def _of_artifacts(
    task: pb.PipelineTaskSpec,
    component: pb.ComponentSpec,
    parent: pb.ComponentSpec,
    spec: pb.PipelineSpec,
) -> Iterator[str]:
    for key, wanted in component.input_definitions.artifacts.items():
        if key not in task.inputs.artifacts:
            if not wanted.is_optional:
                yield f"input {key!r} is not given"
            continue
        source = task.inputs.artifacts[key].task_output_artifact
        producer = parent.dag.tasks.get(source.producer_task)
        if producer is None:
            yield f"input {key!r} is of the task {source.producer_task!r}, which is not there"
            continue
        if source.producer_task not in task.dependent_tasks:
            yield f"input {key!r} is of {source.producer_task!r}, which it does not wait for"
        made = spec.components.get(producer.component_ref.name)  # [] would make one
        outputs = made.output_definitions.artifacts if made else ()
        if source.output_artifact_key not in outputs:
            yield f"input {key!r}: {source.producer_task!r} gives no {source.output_artifact_key!r}"


def _of_parameters(task: pb.PipelineTaskSpec, component: pb.ComponentSpec) -> Iterator[str]:
    declared = component.input_definitions.parameters
    for key, wanted in declared.items():
        given = task.inputs.parameters.get(key)
        if given is None:
            if not wanted.is_optional and not wanted.HasField("default_value"):
                yield f"parameter {key!r} is not given"
        elif given.HasField("runtime_value") and not _is(given.runtime_value.constant, wanted):
            kind = pb.ParameterType.ParameterTypeEnum.Name(wanted.parameter_type)
            value = json_format.MessageToDict(given.runtime_value.constant)
            yield f"parameter {key!r}: got {value!r}, expected {kind}"
    for key in task.inputs.parameters:
        if key not in declared:
            yield f"parameter {key!r} is not one of its component"


def _from_parent(task: pb.PipelineTaskSpec, parent: pb.ComponentSpec) -> Iterator[str]:
    known = parent.input_definitions.parameters
    for key, given in task.inputs.parameters.items():
        name = given.component_input_parameter
        if name and name not in known:
            yield f"parameter {key!r} is the run's {name!r}, which is not declared"


def _is(value: struct_pb2.Value, wanted: pb.ComponentInputsSpec.ParameterSpec) -> bool:
    if wanted.parameter_type not in _KINDS:  # apiserver/template/v2_template.go: unspecified type
        return False
    if value.WhichOneof("kind") != _KINDS[wanted.parameter_type]:
        return False
    whole = wanted.parameter_type == pb.ParameterType.NUMBER_INTEGER
    return not whole or value.number_value.is_integer()


def _of_size(task: pb.PipelineTaskSpec) -> Iterator[str]:
    """Everything that a pod is told travels in one argument of its command."""
    size = len(json_format.MessageToJson(task.inputs).encode())
    if size > _LARGEST_INPUT:
        yield (
            f"its inputs are {size:,} bytes, a pod can be told {_LARGEST_INPUT:,} at most; name "
            f"a file instead of its content"
        )
