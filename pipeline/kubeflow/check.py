"""What Kubeflow Pipelines' server would refuse of a compiled pipeline, before it is sent.

Its own client takes almost anything. Each rule cites where the server (kubeflow/pipelines 2.16 and
2.17, below backend/src) or what lies under it has it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from google.protobuf import json_format, struct_pb2
from kfp import kubernetes
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.wiring import wiring_problems

# apiserver/template/v2_template.go asks for such a part anywhere in the name; Kubernetes, which
# the name of the run is made from, for nothing else.
_PIPELINE_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# Argo Workflows, workflow/validate/validate.go: names of tasks and templates.
_TASK_NAME = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?")
_LONGEST_NAME = 128
_STORES = ("minio://", "s3://", "gs://")  # v2/objectstore/config.go
_IMPORTED = (*_STORES, "oci://")  # v2/component/importer_launcher.go
_QUANTITY = re.compile(r"[+]?[0-9]+(\.[0-9]+)?(m|[kMGTPE]i?|Ki|[eE][0-9]+)?")
_LONGEST_ARGUMENT = 128 * 1024  # bytes; Linux, MAX_ARG_STRLEN
_LARGEST_OBJECT = 1536 * 1024  # bytes; etcd, --max-request-bytes: the whole is one object there

_Executor: TypeAlias = pb.PipelineDeploymentConfig.ExecutorSpec
_Kubernetes: TypeAlias = kubernetes.kubernetes_executor_config_pb2.KubernetesExecutorConfig


def check(documents: list[dict[str, Any]]) -> list[str]:
    """Every reason to refuse a pipeline, a sentence each; none if it would be taken.

    Args:
        documents: of the YAML file: the pipeline, and the platform's settings or nothing.
    """
    try:
        spec = json_format.ParseDict(documents[0], pb.PipelineSpec())
        deployment = json_format.ParseDict(
            json_format.MessageToDict(spec.deployment_spec), pb.PipelineDeploymentConfig()
        )
    except (IndexError, json_format.ParseError) as error:  # v2_template.go: no unknown field
        return [f"no pipeline spec: {error}"]
    problems = [*_of_the_whole(spec, documents), *_of_components(spec, deployment)]
    problems += _twins(spec, deployment)
    for name, executor in deployment.executors.items():
        problems += (f"executor {name}: {problem}" for problem in _of_executor(executor))
    for name, component in [("root", spec.root), *spec.components.items()]:
        problems += (f"{name}: {problem}" for problem in wiring_problems(component, spec))
    if len(documents) > 1:
        problems += _of_platform(documents[1], deployment)
    return problems


def _of_the_whole(spec: pb.PipelineSpec, documents: list[dict[str, Any]]) -> Iterator[str]:
    if spec.schema_version != "2.1.0":  # v2_template.go
        yield f"schemaVersion: got {spec.schema_version!r}, the server takes '2.1.0' only"
    name = spec.pipeline_info.name
    if not _PIPELINE_NAME.fullmatch(name):
        yield f"pipelineInfo.name: got {name!r}, expected lower case, digits, '-' and '.'"
    if not spec.HasField("root"):  # v2_template.go
        yield "root: is missing"
    if "root" in spec.components:  # v2/compiler/visitor.go
        yield "components.root: the name is reserved"
    root = spec.default_pipeline_root
    if root and not root.startswith(_STORES):
        yield f"defaultPipelineRoot: got {root!r}, expected one of {', '.join(_STORES)}"
    size = len(json.dumps(documents))
    if size > _LARGEST_OBJECT:
        yield (
            f"the whole: {size:,} bytes, Kubernetes keeps {_LARGEST_OBJECT:,} at most; name "
            f"modules instead of putting their text in"
        )


def _of_components(spec: pb.PipelineSpec, deployment: pb.PipelineDeploymentConfig) -> Iterator[str]:
    """What v2/compiler/visitor.go refuses, and Argo's names."""
    for name, component in spec.components.items():
        kind = component.WhichOneof("implementation")
        if kind is None:
            yield f"{name}: neither runs an executor nor holds tasks"
        elif kind == "executor_label" and component.executor_label not in deployment.executors:
            yield f"{name}: no executor {component.executor_label!r} in deploymentSpec"
        for key in _definitions(component):
            if not re.fullmatch(r"[A-Za-z_][\w-]*", key):
                yield f"{name}: input or output {key!r}, expected letters, digits, '_' and '-'"
    for name, component in [("root", spec.root), *spec.components.items()]:
        # v2/compiler/argocompiler/{dag,container}.go: an argument of the driver's command
        size = len(json_format.MessageToJson(component, indent=None).encode())
        if size > _LONGEST_ARGUMENT:
            yield f"{name}: {size:,} bytes, its driver can be told {_LONGEST_ARGUMENT:,} at most"
        for task in component.dag.tasks:
            if not _TASK_NAME.fullmatch(task) or len(task) > _LONGEST_NAME:
                yield (
                    f"{name}: task {task!r}, expected letters, digits and '-', "
                    f"{_LONGEST_NAME} characters at most"
                )


def _twins(spec: pb.PipelineSpec, deployment: pb.PipelineDeploymentConfig) -> Iterator[str]:
    """Components that the server takes for one, by their containers (v2/compiler/argocompiler)."""
    first: dict[bytes, str] = {}
    for name, component in sorted(spec.components.items()):
        executor = deployment.executors.get(component.executor_label)
        if executor is None or not executor.HasField("container"):
            continue
        twin = first.setdefault(executor.SerializeToString(deterministic=True), name)
        other = spec.components[twin]
        if (component.input_definitions, component.output_definitions) != (
            other.input_definitions,
            other.output_definitions,
        ):
            yield f"{name}: runs the same container as {twin}, whose inputs or outputs differ"


def _definitions(component: pb.ComponentSpec) -> Iterator[str]:
    for definitions in (component.input_definitions, component.output_definitions):
        yield from definitions.parameters
        yield from definitions.artifacts


def _of_executor(executor: _Executor) -> Iterator[str]:
    kind = executor.WhichOneof("spec")
    if kind == "importer":
        uri = executor.importer.artifact_uri.constant.string_value
        if uri and not uri.startswith(_IMPORTED):
            yield f"imports {uri!r}, expected one of {', '.join(_IMPORTED)}"
    elif kind != "container":  # v2/compiler/visitor.go
        yield f"is a {kind}, the server runs containers and importers only"
    else:
        yield from _of_container(executor.container)


def _of_container(container: pb.PipelineDeploymentConfig.PipelineContainerSpec) -> Iterator[str]:
    if not container.image:
        yield "names no image"
    if container.HasField("lifecycle"):  # nothing in v2/component/launcher_v2.go reads it
        yield "has a lifecycle hook, which the server never runs"
    for argument in (*container.command, *container.args):
        if len(argument.encode()) > _LONGEST_ARGUMENT:
            yield f"an argument of {len(argument.encode()):,} bytes, Linux takes 131,072 at most"
    resources = container.resources
    for field in ("cpu_limit", "cpu_request", "memory_limit", "memory_request"):
        given = getattr(resources, f"resource_{field}")
        if given and not given.startswith("{{") and not _QUANTITY.fullmatch(given):
            yield f"{field}: got {given!r}, expected a quantity such as '500m' or '4Gi'"


def _of_platform(
    document: Mapping[str, Any], deployment: pb.PipelineDeploymentConfig
) -> Iterator[str]:
    """v2/driver/k8s.go parses the settings of each executor, and knows no others."""
    try:
        platform = json_format.ParseDict(document, pb.PlatformSpec())
    except json_format.ParseError as error:
        yield f"platforms: {error}"
        return
    for name in platform.platforms:
        if name != "kubernetes":  # v2_template.go picks it out, and ignores the others
            yield f"platforms.{name}: is not read; the server knows 'kubernetes' only"
    for name, settings in platform.platforms["kubernetes"].deployment_spec.executors.items():
        if name not in deployment.executors:
            yield f"platforms.kubernetes: no executor {name!r} in the pipeline"
        yield from (f"platforms.kubernetes.{name}: {problem}" for problem in _of_pod(settings))


def _of_pod(settings: struct_pb2.Struct) -> Iterator[str]:
    try:
        pod = json_format.ParseDict(json_format.MessageToDict(settings), _Kubernetes())
    except json_format.ParseError as error:
        yield str(error)
        return
    for mount in (*pod.pvc_mount, *pod.empty_dir_mounts, *pod.secret_as_volume):
        if not mount.mount_path.startswith("/"):
            yield f"mounts at {mount.mount_path!r}, expected an absolute path"
    paths = [mount.mount_path for mount in (*pod.pvc_mount, *pod.empty_dir_mounts)]
    for path in sorted({path for path in paths if paths.count(path) > 1}):
        yield f"mounts two volumes at {path!r}"
