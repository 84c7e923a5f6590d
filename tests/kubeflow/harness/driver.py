"""The driver: what a task gets, and where its outputs shall lie.

As resolveInputs of backend/src/v2/driver/resolve.go, provisionOutputs of driver.go and
backend/src/v2/metadata/client.go have it.
"""

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from tests.kubeflow.harness import values
from tests.kubeflow.harness.cluster import TaskError
from tests.kubeflow.harness.result import State
from tests.kubeflow.harness.spec import Parameters

OUTPUT_FILE = "/tmp/kfp_outputs/output_metadata.json"
LOGS = "executor-logs"  # an output that every container has: the server publishes logs by default


@dataclasses.dataclass
class Execution:
    """What ML Metadata keeps of a task that was started."""

    state: State
    outputs: Parameters = dataclasses.field(default_factory=dict)
    artifacts: dict[str, Any] = dataclasses.field(default_factory=dict)  # RuntimeArtifact
    dag: "Dag | None" = None  # of a task that is a pipeline


@dataclasses.dataclass
class Dag:
    """A pipeline that runs, or one within it."""

    path: str  # empty for the root, else "name/", or "outer/inner/"
    component: Any  # ComponentSpec
    parameters: Parameters  # inputs
    artifacts: Mapping[str, Any]  # inputs, ArtifactList
    executions: dict[str, Execution] = dataclasses.field(default_factory=dict)  # by task

    @property
    def state(self) -> str:
        """As UpdateDAGExecutionsState of client.go counts it, which knows no task without driver.

        A pipeline whose driver of a task failed stays RUNNING for ever, even to its exit task.
        """
        states = [execution.state for execution in self.executions.values()]
        if states.count(State.COMPLETE) == len(self.component.dag.tasks):
            return "COMPLETE"
        return "FAILED" if State.FAILED in states else "RUNNING"


@dataclasses.dataclass(frozen=True)
class Facts:
    """What constants may ask for by a placeholder."""

    run_id: str
    run_name: str
    time: str


def resolve(dag: Dag, name: str, component: Any, facts: Facts) -> Any:
    """ExecutorInput.Inputs of a task. Raises TaskError where the driver fails."""
    task = dag.component.dag.tasks[name]
    definitions = component.input_definitions.parameters
    inputs = pb.ExecutorInput.Inputs()
    if component.HasField("dag"):  # its own tasks may refer to inputs that nobody set
        for key, definition in definitions.items():
            if key not in task.inputs.parameters and definition.is_optional:
                inputs.parameter_values[key].CopyFrom(_default(definition))
    for key, spec in task.inputs.parameters.items():
        value = parameter(dag, name, spec, facts)
        if value.WhichOneof("kind") != "null_value":
            inputs.parameter_values[key].CopyFrom(value)
        elif not (key in definitions and definitions[key].is_optional):
            raise TaskError(f"the resolved input parameter is null: {key!r} (resolve.go).")
    for key, definition in definitions.items():
        _check(inputs.parameter_values, key, definition)
    for key, spec in task.inputs.artifacts.items():
        inputs.artifacts[key].CopyFrom(_artifacts(dag, key, spec))
    return inputs


def provision(root: str, task: Any, component: Any) -> Any:
    """ExecutorInput.Outputs: `<root>/<task>/<a new id>/<output>`, and files for parameters."""
    outputs = pb.ExecutorInput.Outputs(output_file=OUTPUT_FILE)
    salt = uuid.uuid4()
    specs = dict(component.output_definitions.artifacts)
    specs[LOGS] = json_format.ParseDict(
        {"artifactType": {"schemaTitle": "system.Artifact"}}, pb.ComponentOutputsSpec.ArtifactSpec()
    )
    for name, spec in specs.items():
        artifact = outputs.artifacts[name].artifacts.add(
            uri=f"{root}/{task.task_info.name}/{salt}/{name}", type=spec.artifact_type
        )
        if spec.HasField("metadata"):
            artifact.metadata.CopyFrom(spec.metadata)
    for name in component.output_definitions.parameters:
        outputs.parameters[name].output_file = f"/tmp/kfp/outputs/{name}"
    return outputs


def dag_output(execution: Execution, key: str) -> tuple[Execution, str]:
    """The task that made an artifact of a pipeline, and its name there (GetProducerTask)."""
    while execution.dag is not None:
        selectors = execution.dag.component.dag.outputs.artifacts[key].artifact_selectors
        if not selectors:
            raise TaskError(f"the pipeline {execution.dag.path!r} has no output artifact {key!r}.")
        execution, key = (
            _producer(execution.dag, selectors[-1].producer_subtask),
            selectors[-1].output_artifact_key,
        )
    return execution, key


def _default(definition: Any) -> struct_pb2.Value:
    given = definition.HasField("default_value")
    return definition.default_value if given else values.value_of(None)


def _check(given: Any, name: str, definition: Any) -> None:
    """Types and presence, as handleParamTypeValidationAndConversion of resolve.go.

    A default is not filled in: the launcher does so.
    """
    if name in given:
        if given[name].WhichOneof("kind") != "null_value":
            value = values.checked(name, given[name], definition.parameter_type)
            given[name].CopyFrom(value)
    elif not definition.is_optional and not definition.HasField("default_value"):
        raise TaskError(f"neither value nor default value provided for non-optional {name!r}.")
    elif not definition.is_optional and definition.parameter_type != values.Type.STRING:
        # There a missing value falls through to the type check, which knows no such kind.
        raise TaskError(f"parameter {name!r} has a default but is not optional (resolve.go).")
    elif not definition.is_optional:
        given[name].string_value = ""  # PbValueToText of nothing: the default is not used


def parameter(dag: Dag, name: str, spec: Any, facts: Facts) -> struct_pb2.Value:
    """What an InputParameterSpec of a task stands for: one of its inputs, or of its platform spec.

    Raises TaskError.
    """
    kind = spec.WhichOneof("kind")
    if spec.parameter_expression_selector:
        raise TaskError(f"task {name!r} selects by an expression, which is not played here.")
    if kind == "component_input_parameter":
        return _component_input(dag, spec.component_input_parameter)
    if kind == "task_output_parameter":
        wanted = spec.task_output_parameter
        return _output(_producer(dag, wanted.producer_task), wanted.output_parameter_key)
    if kind == "task_final_status":
        return _final_status(dag, name, facts)
    if kind == "runtime_value" and spec.runtime_value.HasField("constant"):
        return _constant(spec.runtime_value.constant, name, facts)
    raise TaskError(f"task {name!r} has a parameter of kind {kind}, not implemented (resolve.go).")


def _component_input(dag: Dag, key: str) -> struct_pb2.Value:
    if key not in dag.parameters:
        raise TaskError(f"parent DAG has no input parameter {key!r}, but {sorted(dag.parameters)}.")
    return dag.parameters[key]


def _constant(value: struct_pb2.Value, name: str, facts: Facts) -> struct_pb2.Value:
    known = {
        "{{$.pipeline_job_name}}": facts.run_name,
        "{{$.pipeline_job_resource_name}}": facts.run_name,
        "{{$.pipeline_job_uuid}}": facts.run_id,
        "{{$.pipeline_task_name}}": name,
        "{{$.pipeline_task_uuid}}": "1",
        "{{$.pipeline_job_create_time_utc}}": facts.time,
        "{{$.pipeline_job_schedule_time_utc}}": facts.time,
    }
    found = known.get(value.string_value)
    return value if found is None else struct_pb2.Value(string_value=found)


def _producer(dag: Dag, name: str) -> Execution:
    if name not in dag.executions:
        raise TaskError(f"producer task, {name}, not in tasks {[*dag.executions]} (resolve.go).")
    return dag.executions[name]


def _output(execution: Execution, key: str) -> struct_pb2.Value:
    while execution.dag is not None:
        spec = execution.dag.component.dag.outputs.parameters[key]
        if spec.WhichOneof("kind") != "value_from_parameter":
            raise TaskError(f"{execution.dag.path}: output {key!r} is not played here.")
        selector = spec.value_from_parameter
        execution, key = (
            _producer(execution.dag, selector.producer_subtask),
            selector.output_parameter_key,
        )
    if key not in execution.outputs:
        # There nil is handed on, and a later task stumbles over it.
        raise TaskError(f"the producer has no output {key!r}, but {sorted(execution.outputs)}.")
    return execution.outputs[key]


def _artifacts(dag: Dag, name: str, spec: Any) -> Any:
    if spec.HasField("component_input_artifact"):
        key = spec.component_input_artifact
        if key not in dag.artifacts:
            raise TaskError(f"parent DAG does not have input artifact {key} (resolve.go).")
        return _without_type(dag.artifacts[key])
    wanted = spec.task_output_artifact
    producer, key = dag_output(_producer(dag, wanted.producer_task), wanted.output_artifact_key)
    if key not in producer.artifacts:
        raise TaskError(f"{name!r}: {wanted.producer_task!r} has no output artifact {key!r}.")
    found = pb.ArtifactList(artifacts=[producer.artifacts[key]])
    # GetOutputArtifactsByExecutionId of client.go: 'Schema: "", TODO: figure out how'
    found.artifacts[0].type.instance_schema = ""
    return found


def _without_type(given: Any) -> Any:
    """Artifacts that a pipeline hands to its tasks have no type at all (toRuntimeArtifact)."""
    found = pb.ArtifactList()
    found.CopyFrom(given)
    for artifact in found.artifacts:
        artifact.ClearField("type")
    return found


def _final_status(dag: Dag, name: str, facts: Facts) -> struct_pb2.Value:
    """PipelineTaskFinalStatus as JSON, of the first task that this one depends on."""
    task = dag.component.dag.tasks[name]
    if not task.dependent_tasks:
        raise TaskError(f"task {name!r} has no dependent tasks (resolve.go).")
    first = task.dependent_tasks[0]
    execution = _producer(dag, first)
    state = execution.dag.state if execution.dag else str(execution.state)
    return values.value_of(
        {
            "state": state,
            "pipelineTaskName": dag.component.dag.tasks[first].task_info.name,
            "pipelineJobResourceName": facts.run_name,
            "error": {},
        }
    )
