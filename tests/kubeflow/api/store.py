"""The objects of a namespace, as the server keeps them."""

import copy
import datetime
import itertools
import threading
import uuid
from typing import Any

from tests.kubeflow.api import status

Body = dict[str, Any]
GROUPS = {
    "events": "",
    "jobs": "batch",
    "persistentvolumeclaims": "",
    "pods": "",
    "services": "",
}


class Store:
    """Objects by resource and name. Whoever reads and then writes holds the lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._objects: dict[tuple[str, str], Body] = {}
        self._versions = itertools.count(1)

    def create(self, plural: str, namespace: str, body: Body) -> Body:
        """A copy of the object as it is kept."""
        with self.lock:
            name = body["metadata"]["name"]
            if (plural, name) in self._objects:
                raise status.already_exists(GROUPS[plural], plural, name)
            made = copy.deepcopy(body)
            made["metadata"] |= {
                "namespace": namespace,
                "uid": str(uuid.uuid4()),
                "creationTimestamp": now(),
            }
            self._objects[plural, name] = made
            return self.touch(made)

    def get(self, plural: str, name: str) -> Body:
        """The very object."""
        with self.lock:
            if (plural, name) not in self._objects:
                raise status.not_found(GROUPS[plural], plural, name)
            return self._objects[plural, name]

    def all(self, plural: str) -> list[Body]:
        """The very objects."""
        with self.lock:
            return [body for (kind, _), body in self._objects.items() if kind == plural]

    def touch(self, body: Body) -> Body:
        """Counts a change, and gives a copy."""
        with self.lock:
            body["metadata"]["resourceVersion"] = str(next(self._versions))
            return copy.deepcopy(body)

    def delete(self, plural: str, name: str) -> None:
        """Removes an object; a pod is only marked, for its kubelet to end it first."""
        with self.lock:
            body = self.get(plural, name)
            if plural == "pods":
                body["metadata"].setdefault("deletionTimestamp", now())
                self.touch(body)
            else:
                del self._objects[plural, name]

    def forget(self, name: str) -> None:
        """Removes a pod that has ended."""
        with self.lock:
            self._objects.pop(("pods", name), None)

    def collect_garbage(self) -> None:
        """Removes what had owners, all of which are gone."""
        with self.lock:
            known = {body["metadata"]["uid"] for body in self._objects.values()}
            for (plural, name), body in list(self._objects.items()):
                owners = body["metadata"].get("ownerReferences")
                if owners and not known & {owner["uid"] for owner in owners}:
                    self.delete(plural, name)


def now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged(body: Body, patch: Body) -> Body:
    """A JSON merge patch (RFC 7386)."""
    made = dict(body)
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict) and isinstance(made.get(key), dict):
            made[key] = merged(made[key], value)
        else:
            made[key] = value
    return made
