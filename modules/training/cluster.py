"""Who trains together, as the environment variable TF_CONFIG says it.

TensorFlow's own reader takes anything and fails later, in C++, without naming the cause.
"""

import dataclasses
import json
import os
import re
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from modules.errors import SpecError, did_you_mean

VARIABLE = "TF_CONFIG"
_KINDS = ("chief", "worker", "ps", "evaluator")
COORDINATED = ("chief", "worker", "ps")  # kinds that train with parameter servers
_TITLES = {"ps": "parameter server"}  # of kinds whose name says too little
_ADDRESS = re.compile(r"[^\s:/]+:\d{1,5}")


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes that train together, and which of them this one is."""

    addresses: Mapping[str, Sequence[str]]  # by kind, as `host:port`
    kind: str
    index: int

    @property
    def is_chief(self) -> bool:
        """Whether this process writes: the chief, or the first worker where there is none."""
        return self.kind == "chief" or (
            self.kind == "worker" and self.index == 0 and "chief" not in self.addresses
        )

    @property
    def name(self) -> str:
        """This process among the others: `chief`, `worker 1` or `parameter server 0`."""
        if self.kind == "chief":
            return self.kind  # there is but one
        return f"{_TITLES.get(self.kind, self.kind)} {self.index}"

    def check_kinds(self, *kinds: str) -> None:
        """Nothing, if there are processes of these kinds and of no other.

        Raises:
            SpecError: with the kinds that are missing or too much.
        """
        if set(self.addresses) != set(kinds):
            raise SpecError(
                [
                    f"{VARIABLE}: cluster: got addresses of {', '.join(self.addresses)}, "
                    f"expected those of {', '.join(kinds)}"
                ]
            )

    def check_port(self) -> None:
        """Nothing, if this process can listen where its peers look for it.

        Raises:
            SpecError: if another program listens there; gRPC would share the port with it.
        """
        address = self.addresses[self.kind][self.index]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", int(address.rpartition(":")[2])))
            except OSError as error:
                raise SpecError(
                    [
                        f"{VARIABLE}: {self.kind} {self.index} cannot listen on {address}: "
                        f"{error.strerror}. Name a free port"
                    ]
                ) from None

    def as_json(self) -> str:
        """The value of TF_CONFIG."""
        task = {"type": self.kind, "index": self.index}
        return json.dumps({"cluster": self.addresses, "task": task})


def members(addresses: Mapping[str, Sequence[str]]) -> list[Cluster]:
    """The cluster of these addresses by kind, as each of its processes sees it."""
    return [
        Cluster(addresses, kind, index)
        for kind in addresses
        for index in range(len(addresses[kind]))
    ]


def from_environment() -> Cluster | None:
    """The cluster that TF_CONFIG describes, or None if it is not set.

    Raises:
        SpecError: with everything that is wrong with it.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise SpecError([f"{VARIABLE}: not valid JSON: {error}. Got {text[:80]!r}"]) from None
    problems = list(_problems(config))
    if problems:
        raise SpecError(f"{VARIABLE}: {problem}" for problem in problems)
    return Cluster(config["cluster"], config["task"]["type"], int(config["task"]["index"]))


def _problems(config: Any) -> list[str]:
    """What keeps the parsed value from being a cluster and a task in it."""
    if not isinstance(config, dict):
        return [f"got {type(config).__name__}, expected an object with cluster and task"]
    missing = [key for key in ("cluster", "task") if not isinstance(config.get(key), dict)]
    if missing:
        return [f"{key} is {config.get(key)!r}, expected an object" for key in missing]
    cluster, task = config["cluster"], config["task"]
    if not cluster:
        kinds = f"{', '.join(_KINDS[:-1])} or {_KINDS[-1]}"
        return [f"cluster: got {cluster}, expected addresses of {kinds}"]
    return [*_cluster_problems(cluster), *_task_problems(task, cluster)]


def _cluster_problems(cluster: dict[str, Any]) -> list[str]:
    problems = []
    for kind, addresses in cluster.items():
        if kind not in _KINDS:
            near = did_you_mean(kind, _KINDS)
            problems.append(f"cluster.{kind}: expected one of {', '.join(_KINDS)}{near}")
        elif not isinstance(addresses, list) or not addresses:
            problems.append(f"cluster.{kind}: got {addresses!r}, expected a list of host:port")
        else:
            bad = [a for a in addresses if not (isinstance(a, str) and _ADDRESS.fullmatch(a))]
            problems += [f"cluster.{kind}: got {one!r}, expected host:port" for one in bad]
    return problems


def _task_problems(task: dict[str, Any], cluster: dict[str, Any]) -> list[str]:
    kind, index = task.get("type"), task.get("index")
    if not isinstance(kind, str) or kind not in cluster:
        near = did_you_mean(kind, cluster) if isinstance(kind, str) else ""
        known = f"expected one of the cluster's: {', '.join(cluster)}{near}"
        return [f"task.type: got {kind!r}, {known}"]
    count = len(cluster[kind]) if isinstance(cluster[kind], list) else 0
    if type(index) is not int or not 0 <= index < count:  # true is no index
        return [f"task.index: got {index!r}, expected 0 to {count - 1}: there are {count} {kind}s"]
    return []
