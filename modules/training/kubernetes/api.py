"""The Kubernetes API, as JSON values: the few calls that a launch makes, each failing in words.

The client's typed models are left out: that of 26.1, the newest that TFX takes (< 27), cannot read
a Job whose podFailurePolicy has a rule without onPodConditions.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

Body = dict[str, Any]

_TIMEOUT = (10, 60)  # seconds to connect, and without a byte
_PAUSE = 1.0  # seconds between two attempts
_FIRST_PATIENCE = 3.0  # seconds: an address that never answered is wrong
_METHODS = {
    "create": "POST",
    "delete": "DELETE",
    "get": "GET",
    "list": "GET",
    "patch": "PATCH",
}
_PATIENCE = 300.0  # seconds: an API server is upgraded now and then
_NAMESPACE_VARIABLE = "POD_NAMESPACE"  # environment, where the pod's manifest sets it
_NAMESPACE_FILE = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class ClusterError(RuntimeError):
    """The cluster does not do what it was asked to."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of object, as the API's paths and a Role's rules call it."""

    group: str  # "" is the core group
    version: str
    plural: str

    def path(self, namespace: str, *rest: str) -> str:
        """Where such objects are."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return "/".join([root, "namespaces", namespace, self.plural, *rest])


CLAIMS = Kind("", "v1", "persistentvolumeclaims")
EVENTS = Kind("", "v1", "events")
JOBS = Kind("batch", "v1", "jobs")
PODS = Kind("", "v1", "pods")
RUNTIMES = Kind("trainer.kubeflow.org", "v1alpha1", "trainingruntimes")
SERVICES = Kind("", "v1", "services")
TRAIN_JOBS = Kind("trainer.kubeflow.org", "v1alpha1", "trainjobs")


@dataclasses.dataclass(frozen=True)
class Request:
    """One call."""

    verb: str  # as a Role's rules call it
    kind: Kind
    rest: tuple[str, ...] = ()  # of the path: a name, and what of that object
    query: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: Body | None = None
    allowed: tuple[int, ...] = ()  # HTTP statuses that are an answer, too: None

    def arguments(self, namespace: str) -> Body:
        """What the client's `call_api` is given."""
        merge = "application/merge-patch+json" if self.verb == "patch" else "application/json"
        return {
            "resource_path": self.kind.path(namespace, *self.rest),
            "method": _METHODS[self.verb],
            "query_params": list(self.query.items()),
            "header_params": {"Accept": "*/*", "Content-Type": merge},
            "body": self.body,
        }


class Api:
    """Objects of one namespace."""

    def __init__(self, client: Any, namespace: str) -> None:
        """Takes a `kubernetes.client.ApiClient`."""
        self.namespace = namespace
        self.patience = _FIRST_PATIENCE  # seconds in which a failed call is tried again
        self._client = client

    def create(self, kind: Kind, body: Body) -> Body | None:
        """The object as it was created, or None if there is one of that name."""
        return self._object(Request("create", kind, body=body, allowed=(409,)))

    def get(self, kind: Kind, name: str) -> Body | None:
        """The object, or None."""
        return self._object(Request("get", kind, (name,), allowed=(404,)))

    def list(self, kind: Kind, **query: str) -> list[Body]:
        """The objects that a labelSelector or a fieldSelector selects."""
        found = self._object(Request("list", kind, query=query))
        return list((found or {})["items"])

    def own(self, kind: Kind, name: str, owner: Body) -> None:
        """Gives the object one owner, with whom it goes."""
        body = {"metadata": {"ownerReferences": [owner]}}
        self._object(Request("patch", kind, (name,), body=body))

    def delete(self, kind: Kind, name: str, uid: str | None) -> None:
        """Removes the object, if it is there and that very one, and what it owns soon after."""
        body: Body = {"propagationPolicy": "Background"}  # a Job's pods would stay otherwise
        if uid:
            body["preconditions"] = {"uid": uid}
        self._object(Request("delete", kind, (name,), body=body, allowed=(404, 409)))

    def log(self, pod: str, since: str | None) -> Iterator[str]:
        """A pod's lines from a time on, each behind its own, until it ends or the line breaks.

        Raises:
            LookupError: if there is no log: the pod is gone, or has not started.
        """
        import urllib3

        query = {"follow": "true", "timestamps": "true"} | ({"sinceTime": since} if since else {})
        response = self._response(Request("get", PODS, (pod, "log"), query, allowed=(400, 404)))
        if response is None:
            raise LookupError(pod)
        # To be tried again by whoever reads: it knows what it has.
        with contextlib.suppress(urllib3.exceptions.HTTPError), contextlib.closing(response):
            yield from (line.decode("utf-8", "replace") for line in response)

    def _object(self, request: Request) -> Body | None:
        import urllib3

        try:
            response = self._response(request)
            return None if response is None else dict(json.loads(response.data))
        except urllib3.exceptions.HTTPError as error:  # within the answer
            raise ClusterError(_unreachable(self._client.configuration.host, error)) from None

    def _response(self, request: Request) -> Any:
        """The response, or None for an allowed status; its body is not read yet.

        What may pass is tried again for a while.
        """
        import urllib3
        from kubernetes.client import ApiException

        given_up = time.monotonic() + self.patience
        while True:
            try:
                response = self._client.call_api(
                    **request.arguments(self.namespace),
                    auth_settings=["BearerToken"],
                    _preload_content=False,
                    _return_http_data_only=True,
                    _request_timeout=_TIMEOUT,
                )
                self.patience = _PATIENCE
                return response
            except ApiException as error:
                self.patience = _PATIENCE
                if error.status in request.allowed:
                    return None
                passes = error.status == 429 or error.status >= 500
                told = _told(error, request, self.namespace)
            except urllib3.exceptions.HTTPError as error:
                passes, told = True, _unreachable(self._client.configuration.host, error)
            if not passes or time.monotonic() > given_up:
                raise ClusterError(told)
            time.sleep(_PAUSE)


def connect(namespace: str) -> Api:
    """The API of the cluster that this pod runs in; of that in KUBECONFIG where it is set.

    Raises:
        ClusterError: if this is no pod and KUBECONFIG is not set or not usable.
    """
    from kubernetes import client, config

    configuration = client.Configuration()
    # urllib3's own attempts come without a pause, and hide that the first one failed.
    configuration.retries = 0
    file = os.environ.get("KUBECONFIG")
    try:
        if file:
            config.load_kube_config(file, client_configuration=configuration)
        else:
            config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as error:
        raise ClusterError(
            f"kubeflow.workers: no Kubernetes API is known here: {error} Run this step in a pod of "
            f"the cluster with its service account's token mounted, or set KUBECONFIG"
        ) from None
    return Api(client.ApiClient(configuration), namespace)


def own_namespace() -> str:
    """The namespace of the pod that this is.

    Raises:
        ClusterError: if this is none.
    """
    told = os.environ.get(_NAMESPACE_VARIABLE)
    if told:
        return told
    if not _NAMESPACE_FILE.is_file():
        raise ClusterError(
            f"kubeflow.workers: the namespace is not known: neither {_NAMESPACE_VARIABLE} nor "
            f"{_NAMESPACE_FILE} tells that of this pod. Run this step in a pod of the cluster"
        )
    return _NAMESPACE_FILE.read_text(encoding="utf-8").strip()


def owner() -> Body | None:
    """A reference to this pod, for what is to go with it; None if this is no pod."""
    names = [os.environ.get(name) for name in ("POD_NAME", "KFP_POD_NAME")]
    uids = [os.environ.get(name) for name in ("POD_UID", "KFP_POD_UID")]
    for name, uid in zip(names, uids, strict=True):
        if name and uid:
            return {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid}
    return None


def _told(error: Any, request: Request, namespace: str) -> str:
    """One sentence on what the server refused, and what to do about it."""
    message = _message(error)
    what = "/".join([request.kind.plural, *request.rest[1:]])
    refused = (
        f"kubeflow.workers: the cluster refused to {request.verb} {what} in namespace "
        f"{namespace!r}: {message}"
    )
    if "exceeded quota" in message:
        return (
            f"{refused}. Lower training.workers or kubeflow.workers.cpu, memory or gpus, or have "
            f"the quota raised"
        )
    if error.status == 403:
        rule = {"apiGroups": [request.kind.group], "resources": [what], "verbs": [request.verb]}
        return f"{refused}. Add to the Role of this pod's service account: {json.dumps(rule)}"
    if error.status == 401:
        return f"{refused}. The token of this pod's service account is not accepted"
    if error.status == 404 and request.verb == "create":
        return f"{refused}. Create the namespace, or run this step in one that is there"
    return f"{refused} (HTTP status {error.status})"


def _message(error: Any) -> str:
    """What the server says itself, in its Status object."""
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.reason}"


def _unreachable(host: str, error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    text = str(reason).rpartition(": ")[2]
    return (
        f"kubeflow.workers: the Kubernetes API at {host} cannot be reached: {text}. Check the "
        f"cluster's network policies and, outside of a pod, KUBECONFIG"
    )
