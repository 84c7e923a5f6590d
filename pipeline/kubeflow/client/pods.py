"""Which pod ran a stage, and what it wrote last.

The API has fields for both and fills neither (kubeflow/pipelines issue 14007, 2.17): what it does
give are the ids of Argo's nodes, which are hashes of names that can be told beforehand.
"""

import dataclasses
import re
from collections.abc import Collection

from pipeline.kubeflow.client.refusals import ServerError
from pipeline.kubeflow.client.server import Server

_LINES = 20  # of a log that are shown
_LAST_WORDS = re.compile(r"^headrace: (.+)$", re.MULTILINE)  # of pipeline/kubeflow/entrypoint.py


@dataclasses.dataclass(frozen=True)
class LastLines:
    """The end of a pod's log."""

    lines: tuple[str, ...] = ()
    reason: str | None = None  # what the pod itself says is wrong


def pod(task: str, nodes: Collection[str]) -> str | None:
    """The pod that ran a task last; None if it has none, or that cannot be told.

    Args:
        task: by its name in the compiled pipeline.
        nodes: ids of Argo's nodes, from the run's task details.
    """
    workflow = next(iter(nodes), "").rpartition("-")[0]
    stage = f"{workflow}.root.pipeline.{task}"
    # backend/src/v2/compiler/argocompiler: container.go (templates), dag.go (names of tasks). A
    # task with a retry policy has a node an attempt.
    attempts = [(f"{stage}.executor({n})", "retry-system-container-impl") for n in range(100)]
    candidates = [
        *reversed(attempts),
        (f"{stage}.executor", "system-container-impl"),
        (f"{stage}-driver", "system-container-driver"),
    ]
    for name, template in candidates:
        if f"{workflow}-{_hash(name)}" in nodes:
            return f"{workflow}-{template}-{_hash(name)}"
    return None


def last_lines(server: Server, run: str, name: str) -> LastLines:
    """The end of a pod's log; empty where the server does not give it.

    Args:
        server: that has the run.
        run: its id.
        name: of the pod.
    """
    pages = {"runid": run, "podname": name, "podnamespace": server.namespace or ""}
    places: tuple[tuple[str, dict[str, str]], ...] = (
        # backend/src/apiserver/main.go: the API server itself
        (f"/apis/v1alpha1/runs/{run}/nodes/{name}/log", {}),
        # frontend/server/app.ts: the server of the pages, which passes the API on, but not that
        ("/k8s/pod/logs", {key: value for key, value in pages.items() if value}),
    )
    for path, query in places:
        try:
            text = server.text(path, query)
        except (ServerError, UnicodeDecodeError):
            continue
        if text.strip():
            said = _LAST_WORDS.findall(text)
            lines = tuple(text.rstrip().splitlines()[-_LINES:])
            return LastLines(lines, said[-1] if said else None)
    return LastLines()


def _hash(text: str) -> int:
    """FNV-1a of 32 bits, by which Argo names nodes (workflow/v1alpha1, NodeID).

    http://www.isthe.com/chongo/tech/comp/fnv/
    """
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
