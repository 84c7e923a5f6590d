"""What the pods need of Kubernetes: the second document of a compiled pipeline."""

from collections.abc import Iterable
from typing import TypeAlias

from google.protobuf import json_format
from kfp import kubernetes
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.compiling import EXIT, executor_name, task_name
from pipeline.kubeflow.settings import Kubeflow, Stage

STEP = "headrace.step"  # label of every pod
_Config: TypeAlias = kubernetes.kubernetes_executor_config_pb2.KubernetesExecutorConfig


def platform_spec(nodes: Iterable[str], settings: Kubeflow) -> pb.PlatformSpec:
    """The volume, the secrets and the placement of every node's pod."""
    platform = pb.PlatformSpec()
    executors = platform.platforms["kubernetes"].deployment_spec.executors
    for node in (*nodes, EXIT):
        config = _config(settings, settings.stage(node))
        executors[executor_name(task_name(node))].update(json_format.MessageToDict(config))
    return platform


def _config(settings: Kubeflow, stage: Stage) -> _Config:
    config = _Config()
    volume = settings.volume
    config.pvc_mount.add(
        constant=volume.claim,  # servers before 2.15 read this, later ones the parameter
        pvc_name_parameter=_constant(volume.claim),
        mount_path=volume.path,
        sub_path=volume.sub_path or "",
    )
    # The root file system may be read-only; KFP's launcher writes to /tmp as well.
    config.empty_dir_mounts.add(volume_name="tmp", mount_path="/tmp")  # noqa: S108
    config.security_context.run_as_non_root = True
    config.pod_metadata.labels[STEP] = "true"  # network policies select by it
    for name in settings.image_pull_secrets:
        config.image_pull_secret.add(secret_name=name, secret_name_parameter=_constant(name))
    for secret in settings.secrets:
        pairs = [{"secret_key": key, "env_var": name} for name, key in secret.env.items()]
        config.secret_as_env.add(
            secret_name=secret.name,
            secret_name_parameter=_constant(secret.name),
            key_to_env=pairs,
        )
    if stage.node_selector:
        config.node_selector.labels.update(stage.node_selector)
    for toleration in stage.tolerations:
        config.tolerations.add(**toleration.model_dump(exclude_none=True))
    if stage.timeout_minutes:
        config.active_deadline_seconds = round(60 * stage.timeout_minutes)
    return config


def _constant(text: str) -> pb.TaskInputsSpec.InputParameterSpec:
    value = pb.ValueOrRuntimeParameter(constant={"string_value": text})
    return pb.TaskInputsSpec.InputParameterSpec(runtime_value=value)
