"""What the server refuses in a manifest, beyond its schema.

Rules of kubernetes/kubernetes: pkg/apis/batch/validation, pkg/apis/core/validation.
"""

import re
from collections.abc import Iterator
from typing import Any

import kubernetes_validate

from tests.kubeflow.api import status

Body = dict[str, Any]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_PORT_NAME = re.compile(r"[a-z0-9-]{0,14}[a-z0-9]")


def check(body: Body, version: str) -> None:
    """Raises Refusal if the server of that version would."""
    kind, name = body.get("kind", ""), body.get("metadata", {}).get("name", "")
    try:
        kubernetes_validate.validate(body, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        path = ".".join(map(str, error.path))
        raise status.invalid(kind, name, [f"{path}: {error.message}"]) from None
    problems = list(_RULES.get(kind, lambda _: iter(()))(body))
    if problems:
        raise status.invalid(kind, name, problems)


def _job(body: Body) -> Iterator[str]:
    spec, template = body["spec"], body["spec"]["template"]
    pod = template["spec"]
    yield from _metadata(body["metadata"])
    yield from _metadata(template.get("metadata", {}))
    if pod.get("restartPolicy") not in ("Never", "OnFailure"):
        yield "spec.template.spec.restartPolicy: Required value: valid values: OnFailure, Never"
    if spec.get("completionMode") == "Indexed":
        if "completions" not in spec:
            yield "spec.completions: Required value: when completion mode is Indexed"
        last = f"{body['metadata']['name']}-{spec.get('completions', 1) - 1}"
        if not _LABEL.fullmatch(last):
            yield f"metadata.name: Invalid value: {last!r}: must be a DNS label"
    policy = spec.get("podFailurePolicy")
    if policy is not None:
        if pod.get("restartPolicy") != "Never":
            yield "spec.template.spec.restartPolicy: Invalid value: podFailurePolicy needs Never"
        names = {container["name"] for container in pod["containers"]}
        for rule in policy["rules"]:
            yield from _rule(rule, names)
    if "backoffLimitPerIndex" in spec and spec.get("completionMode") != "Indexed":
        yield "spec.backoffLimitPerIndex: Invalid value: requires indexed completion mode"
    yield from _pod(pod)


def _rule(rule: Body, containers: set[str]) -> Iterator[str]:
    kinds = [key for key in ("onExitCodes", "onPodConditions") if key in rule]
    at = "spec.podFailurePolicy.rules"
    if len(kinds) != 1:
        yield f"{at}: Invalid value: exactly one of onExitCodes and onPodConditions is required"
    codes = rule.get("onExitCodes")
    if codes:
        values = codes["values"]
        if codes["operator"] == "In" and 0 in values:
            yield f"{at}.onExitCodes.values: Invalid value: 0: must not be 0 for the In operator"
        if values != sorted(set(values)):
            yield f"{at}.onExitCodes.values: Invalid value: must be ordered and unique"
        if codes.get("containerName", next(iter(containers))) not in containers:
            yield f"{at}.onExitCodes.containerName: Invalid value: must be one of the containers"
    for condition in rule.get("onPodConditions", []):
        if condition.get("status") not in ("True", "False", "Unknown"):
            yield f"{at}.onPodConditions.status: Required value: valid values: False, True, Unknown"


def _pod(pod: Body) -> Iterator[str]:
    volumes = [volume["name"] for volume in pod.get("volumes", [])]
    if len(set(volumes)) < len(volumes):
        yield "spec.template.spec.volumes: Duplicate value"
    if "subdomain" in pod and not _LABEL.fullmatch(pod["subdomain"]):
        yield f"spec.template.spec.subdomain: Invalid value: {pod['subdomain']!r}"
    for container in pod["containers"]:
        yield from _container(container, set(volumes))


def _container(container: Body, volumes: set[str]) -> Iterator[str]:
    at = "spec.template.spec.containers"
    paths = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
    if len(set(paths)) < len(paths):
        yield f"{at}.volumeMounts.mountPath: Invalid value: must be unique"
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in volumes:
            yield f'{at}.volumeMounts.name: Not found: "{mount["name"]}"'
    for port in container.get("ports", []):
        if "name" in port and not _PORT_NAME.fullmatch(port["name"]):
            yield f"{at}.ports.name: Invalid value: {port['name']!r}: at most 15 characters"
    resources = container.get("resources", {})
    for what, value in resources.get("limits", {}).items():
        if "/" in what and resources.get("requests", {}).get(what, value) != value:
            yield f"{at}.resources.requests: Invalid value: must be equal to the limit of {what}"


def _service(body: Body) -> Iterator[str]:
    yield from _metadata(body["metadata"])
    if not _LABEL.fullmatch(body["metadata"]["name"]):
        yield f"metadata.name: Invalid value: {body['metadata']['name']!r}: must be a DNS label"
    if body["spec"].get("clusterIP") != "None" and not body["spec"].get("ports"):
        yield "spec.ports: Required value"


def _metadata(metadata: Body) -> Iterator[str]:
    for key, value in metadata.get("labels", {}).items():
        if not _LABEL_VALUE.fullmatch(value):
            yield f"metadata.labels: Invalid value: {value!r} of {key}: at most 63 characters"


_RULES = {"Job": _job, "Service": _service}
