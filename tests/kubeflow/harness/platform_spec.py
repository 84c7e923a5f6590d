"""What a platform spec asks Kubernetes for: volumes, secrets, a deadline, a user.

As extendPodSpecPatch of backend/src/v2/driver/k8s.go has it.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from tests.kubeflow.harness.cluster import Cluster, TaskError, Trap
from tests.kubeflow.harness.mounts import Mount

Resolve = Callable[[Any], str | None]  # an InputParameterSpec -> its text; None where it is null
_PLAYED = {"pvc_mount", "secret_as_env", "secret_as_volume", "empty_dir_mounts",
           "enabled_shared_memory", "active_deadline_seconds", "security_context"}  # fmt: skip
_WITHOUT_EFFECT = {"node_selector", "pod_metadata", "image_pull_secret", "image_pull_policy",
                   "tolerations", "node_affinity", "pod_affinity"}  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Platform:
    """One pod's share of it."""

    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    deadline: float | None = None  # seconds
    user: int | None = None
    group: int | None = None


def platform(config: Any, cluster: Cluster, resolve: Resolve, folder: pathlib.Path) -> Platform:
    """What the KubernetesExecutorConfig asks for. `folder` is an empty one, for secrets.

    Raises:
        TaskError: where the driver fails.
        Trap: where the pod would wait for ever, for a claim or a secret that isn't there.
    """
    for field, _ in config.ListFields():
        if field.name not in _PLAYED | _WITHOUT_EFFECT:
            raise Trap(f"the platform spec has {field.name}, which is not played here.")
    policy = config.image_pull_policy
    if policy not in ("", "Always", "Never", "IfNotPresent"):
        raise TaskError(f"unsupported value: {policy}. ImagePullPolicy should be Always, Never, …")
    context = config.security_context
    return Platform(
        mounts=(
            *_claims(config, cluster, resolve),
            *_secret_volumes(config, cluster, resolve, folder),
            *_empty_folders(config),
        ),
        environment=_secret_variables(config, cluster, resolve),
        deadline=config.active_deadline_seconds or None,
        user=context.run_as_user if context.HasField("run_as_user") else None,
        group=context.run_as_group if context.HasField("run_as_group") else None,
    )


def check_resources(resources: Any, resolve: Callable[[str], str]) -> None:
    """Raises TaskError for a CPU, memory or accelerator quantity that Kubernetes cannot read."""
    names = ("resource_cpu_limit", "resource_cpu_request", "resource_memory_limit",
             "resource_memory_request")  # fmt: skip
    texts = [getattr(resources, name) for name in names] + [resources.accelerator.resource_count]
    for text in filter(None, map(resolve, texts)):
        try:
            parse_quantity(text)
        except ValueError as problem:
            raise TaskError(f"{text!r} is no quantity of Kubernetes: {problem}") from problem


def _claims(config: Any, cluster: Cluster, resolve: Resolve) -> list[Mount]:
    """Volumes by claim, and by the name that makeVolumeMountPatch of k8s.go would find."""
    found = []
    for mount in config.pvc_mount:
        name: str | None
        if mount.HasField("pvc_name_parameter"):
            name = resolve(mount.pvc_name_parameter)
        else:
            name = mount.constant or resolve(_deprecated(mount))
        if not name:
            raise TaskError(f"the claim of {mount.mount_path!r} has no name.")
        if not mount.mount_path:
            raise TaskError(f"failed to make podSpecPatch: claim {name!r} has no mount path.")
        if name not in cluster.claims:
            raise Trap(f"a pod waits for claim {name!r}; Cluster.claims has {[*cluster.claims]}.")
        source = cluster.claims[name]
        # As local-path-provisioner makes its folders: whoever runs may write.
        source.chmod(0o777)
        if mount.sub_path:
            source = source / mount.sub_path
            source.mkdir(parents=True, exist_ok=True)
            source.chmod(0o777)  # kubelet gives it the mode of the volume
        found.append(Mount(mount.mount_path, source))
    return found


def _deprecated(mount: Any) -> Any:
    """The oneof that kfp-kubernetes wrote before there was pvc_name_parameter."""
    from kfp.pipeline_spec import pipeline_spec_pb2 as pb

    spec = pb.TaskInputsSpec.InputParameterSpec()
    if mount.component_input_parameter:
        spec.component_input_parameter = mount.component_input_parameter
    else:
        spec.task_output_parameter.producer_task = mount.task_output_parameter.producer_task
        spec.task_output_parameter.output_parameter_key = (
            mount.task_output_parameter.output_parameter_key
        )
    return spec


def _secret(given: Any, cluster: Cluster, resolve: Resolve) -> Mapping[str, str] | None:
    """The keys of a secret; None where it may be missing and is."""
    wanted = given.secret_name
    if given.HasField("secret_name_parameter"):
        wanted = resolve(given.secret_name_parameter)
        if wanted is None:
            return None
    if not wanted:
        raise TaskError("missing either SecretName or SecretNameParameter in executor config.")
    if wanted not in cluster.secrets and not given.optional:
        raise Trap(f"a pod waits for secret {wanted!r}; Cluster.secrets has {[*cluster.secrets]}.")
    return cluster.secrets.get(wanted)


def _secret_variables(config: Any, cluster: Cluster, resolve: Resolve) -> dict[str, str]:
    found = {}
    for given in config.secret_as_env:
        secret = _secret(given, cluster, resolve)
        for pair in given.key_to_env if secret is not None else ():
            if secret is not None and pair.secret_key in secret:
                found[pair.env_var] = secret[pair.secret_key]
            elif not given.optional:
                raise Trap(f"a pod waits for key {pair.secret_key!r} of a secret that has it not.")
    return found


def _secret_volumes(
    config: Any, cluster: Cluster, resolve: Resolve, folder: pathlib.Path
) -> list[Mount]:
    found = []
    for index, given in enumerate(config.secret_as_volume):
        secret = _secret(given, cluster, resolve)
        volume = folder / str(index)
        volume.mkdir(parents=True)
        for key, content in (secret or {}).items():
            (volume / key).write_text(content, "utf-8")
        found.append(Mount(given.mount_path, volume, read_only=True))
    return found


def _empty_folders(config: Any) -> list[Mount]:
    found = []
    for given in config.empty_dir_mounts:
        if given.size_limit:
            parse_quantity(given.size_limit)
        found.append(Mount(given.mount_path))
    if config.HasField("enabled_shared_memory"):
        found.append(Mount("/dev/shm", size=config.enabled_shared_memory.size or "50%"))
    return found
