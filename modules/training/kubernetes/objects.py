"""The objects of a training on the cluster: made once, adopted after a restart, removed."""

import time

from modules.training.kubernetes import api, manifests, trainjob
from modules.training.kubernetes.api import JOBS, RUNTIMES, SERVICES, TRAIN_JOBS, Api, Body, Kind
from modules.training.kubernetes.manifests import FINGERPRINT, Group

_POLL_SECONDS = 0.5


class Objects:
    """What the cluster has of a training."""

    def __init__(self, cluster: Api, group: Group, fingerprint: str) -> None:
        """Takes a fingerprint of what they are made for; those with another are not ours."""
        self._cluster, self._group, self._fingerprint = cluster, group, fingerprint
        self._owner = _owner(group)
        self._uids: dict[Kind, str | None] = {}  # of those that are ours

    @property
    def ours(self) -> bool:
        """Whether there may be something to remove."""
        return bool(self._uids)

    def adopt(self, complete: bool) -> bool:
        """Whether the objects of an earlier launch were found, which now are this pod's.

        Args:
            complete: whether the files that the workers need are there, too; else the objects are
                removed, as they are no good.

        Raises:
            ClusterError: if the name is taken by something else.
        """
        main, _ = self._wanted()[-1]
        found = self._cluster.get(main, self._group.name)
        if found is None:
            return False
        self._take(main, found)
        if complete and "deletionTimestamp" not in found["metadata"]:
            self.create()
            return True
        self.remove()
        while self._cluster.get(main, self._group.name):
            time.sleep(_POLL_SECONDS)
        self._uids.clear()
        return False

    def create(self) -> None:
        """Makes what is not there, and takes what is.

        Raises:
            ClusterError: if the cluster refuses, or a name is taken by something else.
        """
        for kind, body in self._wanted():
            if self._owner:
                body["metadata"]["ownerReferences"] = [self._owner]
            ours = kind in self._uids
            self._uids.setdefault(kind, None)  # ours, should we be ended before the answer comes
            made = self._cluster.create(kind, body)
            if made is not None:
                self._uids[kind] = made["metadata"]["uid"]
                continue
            if not ours:
                del self._uids[kind]
            self._take(kind, self._cluster.get(kind, self._group.name))
            if self._owner:
                self._cluster.own(kind, self._group.name, self._owner)

    def remove(self) -> None:
        """Removes what is ours."""
        for kind, uid in reversed(self._uids.items()):
            self._cluster.delete(kind, self._group.name, uid)

    def _take(self, kind: Kind, found: Body | None) -> None:
        """Notes an object as ours, if it is made for this training."""
        metadata = (found or {}).get("metadata", {})
        of = metadata.get("annotations", {}).get(FINGERPRINT)
        if of != self._fingerprint:
            name, namespace = self._group.name, self._group.namespace
            raise api.ClusterError(
                f"kubeflow.workers: {kind.plural} {name!r} is there already in namespace "
                f"{namespace!r}, made for something else: {FINGERPRINT} is {of!r}, expected "
                f"{self._fingerprint!r}. If nobody needs it: kubectl delete {kind.plural} {name} "
                f"-n {namespace}"
            )
        self._uids[kind] = metadata["uid"]

    def _wanted(self) -> list[tuple[Kind, Body]]:
        """In the order of their making; the last one is what runs."""
        group, of = self._group, self._fingerprint
        if group.workers.backend == "trainjob":
            return [
                (RUNTIMES, trainjob.runtime(group, of)),
                (TRAIN_JOBS, trainjob.train_job(group, of)),
            ]
        return [(SERVICES, manifests.service(group, of)), (JOBS, manifests.job(group, of))]


def _owner(group: Group) -> Body | None:
    """This pod, if it is in the same namespace: another one's owners count as deleted."""
    found = api.owner()
    if found and api.own_namespace() == group.namespace:
        return found
    return None
