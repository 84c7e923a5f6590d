"""A compiled pipeline as the server reads it, and what the server refuses.

As backend/src/apiserver/template/v2_template.go, backend/src/v2/compiler/visitor.go and
backend/src/v2/compiler/argocompiler/{argo,dag}.go have it; the names are Argo's.
"""

import dataclasses
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from google.protobuf import json_format, struct_pb2
from kfp.kubernetes import kubernetes_executor_config_pb2 as kube
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from tests.kubeflow.harness import values
from tests.kubeflow.harness.cluster import Refused

Parameters = dict[str, struct_pb2.Value]
# A workflow's task and template names: workflowFieldNameFmt of Argo's
# workflow/validate/validate.go. "-driver" is appended to a task's.
_NAME = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,119}[a-zA-Z0-9])?")
_PIPELINE_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclasses.dataclass(frozen=True)
class Spec:
    """A pipeline that the server would take."""

    pipeline: Any  # PipelineSpec
    executors: Mapping[str, Any]  # ExecutorSpec by label
    platform: Mapping[str, Any]  # KubernetesExecutorConfig by label

    @property
    def name(self) -> str:
        return str(self.pipeline.pipeline_info.name)

    def component(self, task: Any) -> Any:
        return self.pipeline.components[task.component_ref.name]


def read(path: pathlib.Path) -> Spec:
    """The pipeline of a compiled file: a pipeline spec, and perhaps a platform spec behind it.

    Raises Refused when the server would not take it, or would drop a part of it in silence.
    """
    documents = [each for each in yaml.safe_load_all(path.read_text("utf-8")) if each is not None]
    if not documents or len(documents) > 2:
        raise Refused(f"{path} has {len(documents)} documents; expected a pipeline spec first.")
    pipeline = _message(documents[0], pb.PipelineSpec(), f"{path}, the pipeline spec")
    _check_head(pipeline)
    # The server ignores unknown fields here, for the sake of "@type": a misspelled one is lost.
    deployment = values.python(pipeline.deployment_spec)
    deployment.pop("@type", None)
    config = _message(deployment, pb.PipelineDeploymentConfig(), f"{path}, deploymentSpec")
    platform = _platform(documents[1:], path)
    spec = Spec(pipeline, config.executors, platform)
    unknown = set(platform) - set(config.executors)
    if unknown:
        raise Refused(
            f"{path}: the platform spec has executors {sorted(unknown)} that the pipeline has not; "
            f"the server would drop them. There are {sorted(config.executors)}."
        )
    for name, dag in _dags(spec):
        _check_dag(spec, name, dag)
    _check_containers(spec)
    return spec


def parameters(spec: Spec, given: Mapping[str, Any]) -> Parameters:
    """What the root pipeline gets: values given, or defaults, or null for what is optional.

    validatePipelineJobInputs of v2_template.go, and Compile of argo.go. Raises Refused.
    """
    definitions = spec.pipeline.root.input_definitions.parameters
    if extra := set(given) - set(definitions):
        raise Refused(
            f"{spec.name} has no parameters {sorted(extra)}; it has {sorted(definitions)}."
        )
    found: Parameters = {}
    for name, definition in definitions.items():
        if name in given:
            found[name] = values.value_of(given[name])
            if not values.has_type(found[name], definition.parameter_type):
                raise Refused(
                    f"parameter {name!r} is {given[name]!r}; {spec.name} expects "
                    f"{values.Type.Name(definition.parameter_type)}."
                )
        elif definition.HasField("default_value"):
            found[name] = definition.default_value
        elif definition.is_optional:
            found[name] = values.value_of(None)
        else:
            raise Refused(f"{spec.name} needs a value for {name!r}, which has no default.")
    return found


def _message(given: Any, message: Any, what: str) -> Any:
    try:
        return json_format.ParseDict(given, message)
    except (json_format.ParseError, TypeError) as problem:
        raise Refused(f"{what} is none: {problem}") from problem


def _platform(documents: list[Any], path: pathlib.Path) -> Mapping[str, Any]:
    """Settings for Kubernetes by executor. The server ignores a second document it cannot read."""
    if not documents:
        return {}
    document = _message(documents[0], pb.PlatformSpec(), f"{path}, the platform spec")
    if set(document.platforms) != {"kubernetes"}:
        raise Refused(
            f"{path}: a platform spec for {sorted(document.platforms)}, expected kubernetes."
        )
    executors = document.platforms["kubernetes"].deployment_spec.executors
    return {
        label: _message(
            values.python(config),
            kube.KubernetesExecutorConfig(),
            f"{path}, the platform spec of {label}",
        )
        for label, config in executors.items()
    }


def _check_head(pipeline: Any) -> None:
    if pipeline.schema_version != "2.1.0":
        raise Refused(f"schemaVersion is {pipeline.schema_version!r}; the server takes 2.1.0 only.")
    if not _PIPELINE_NAME.fullmatch(pipeline.pipeline_info.name):
        raise Refused(
            f"pipelineInfo.name is {pipeline.pipeline_info.name!r}; expected lower-case letters, "
            "digits, '-' and '.'."
        )
    if not pipeline.HasField("root"):
        raise Refused("the pipeline has no root component.")
    if "root" in pipeline.components:
        raise Refused("a component is called 'root', a name that the server keeps for itself.")


def _dags(spec: Spec) -> Iterator[tuple[str, Any]]:
    """Name and DagSpec of the root and of every pipeline within it."""
    if not spec.pipeline.root.HasField("dag"):
        raise Refused("the root component is no dag.")
    yield "root", spec.pipeline.root.dag
    for name, component in spec.pipeline.components.items():
        if component.HasField("dag"):
            yield name, component.dag


def _check_dag(spec: Spec, name: str, dag: Any) -> None:
    ends = pb.PipelineTaskSpec.TriggerPolicy.ALL_UPSTREAM_TASKS_COMPLETED
    if all(task.trigger_policy.strategy == ends for task in dag.tasks.values()):
        raise Refused(f"dag {name!r} must contain one or more non-exit tasks.")
    if not _NAME.fullmatch(name):
        raise Refused(f"component {name!r} becomes an Argo template: letters, digits and '-' only.")
    for key, task in dag.tasks.items():
        _check_task(spec, f"{name}/{key}", task)
        for other in dependencies(task):
            if other not in dag.tasks:
                raise Refused(
                    f"task {name}/{key} depends on {other!r}; there are {sorted(dag.tasks)}."
                )


def _check_task(spec: Spec, where: str, task: Any) -> None:
    key = where.rsplit("/", maxsplit=1)[-1]
    if not _NAME.fullmatch(key):
        raise Refused(
            f"task {where} becomes an Argo task: letters, digits and '-' only, 121 at most."
        )
    if not task.task_info.name:
        raise Refused(f"task {where} has no taskInfo.name (validateNonRoot, driver.go).")
    if task.component_ref.name not in spec.pipeline.components:
        raise Refused(f"task {where} is of component {task.component_ref.name!r}, which isn't.")
    component = spec.component(task)
    if not component.HasField("dag"):
        executor = spec.executors.get(component.executor_label)
        kind = executor.WhichOneof("spec") if executor else None
        if kind not in ("container", "importer"):
            raise Refused(
                f"task {where}: executor {component.executor_label!r} is {kind}: non-container and "
                "non-importer executor not implemented (visitor.go)."
            )
    if task.trigger_policy.condition or task.WhichOneof("iterator"):
        raise Refused(f"task {where} has a condition or an iterator, which are not played here.")


def _check_containers(spec: Spec) -> None:
    """Refuses two components of one container: the server gives both the inputs of the first.

    saveComponentSpec of argo.go files a component's spec under a hash of its container alone.
    """
    seen: dict[bytes, tuple[str, Any]] = {}
    for name, component in sorted(spec.pipeline.components.items()):
        executor = spec.executors.get(component.executor_label)
        if executor is None or not executor.HasField("container"):
            continue
        key = executor.container.SerializeToString(deterministic=True)
        other, first = seen.setdefault(key, (name, component))
        definitions = (component.input_definitions, component.output_definitions)
        if definitions != (first.input_definitions, first.output_definitions):
            raise Refused(
                f"components {other!r} and {name!r} have the same image, command and arguments but "
                "different inputs or outputs; the server would use one of them for both."
            )


def dependencies(task: Any) -> list[str]:
    """Tasks that come before: those named, then producers of inputs (addImplicitDependencies)."""
    found = list(task.dependent_tasks)
    for parameter in task.inputs.parameters.values():
        if parameter.HasField("task_output_parameter"):
            found.append(parameter.task_output_parameter.producer_task)
    for artifact in task.inputs.artifacts.values():
        if artifact.HasField("task_output_artifact"):
            found.append(artifact.task_output_artifact.producer_task)
    return list(dict.fromkeys(found))
