"""A cluster on this machine that the real Kubernetes client talks to; all of it ends with a block.

with cluster(folder) as found:
    found.env          # what a process of this machine needs to reach it
    found.pods()       # as the API tells them
"""

import contextlib
import dataclasses
import json
import pathlib
import signal
from collections.abc import Iterator
from typing import Any

from tests.kubeflow.api.controller import Controller
from tests.kubeflow.api.kubelet import Image, Kubelet
from tests.kubeflow.api.server import TOKEN, Rules, serve
from tests.kubeflow.api.store import Store

Body = dict[str, Any]

NAMESPACE = "team"
IMAGE = "registry.example/headrace:1"
IDLE = "registry.example/idle:1"  # its program waits for ever
BROKEN = "registry.example/broken:1"  # its program ends with an error
REFUSING = "registry.example/refusing:1"  # its program finds a mistake in the spec
TALKING = "registry.example/talking:1"  # its program says ten lines in 3 s, and waits
MISSING = "registry.example/missing:1"
CLAIM = "shared"
VERSION = "1.34"
_REFUSE = "printf 'the spec is wrong' > $TERMINATION_MESSAGE_PATH; exit 65"
_TALK = "for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; sleep 0.3; done; exec sleep 1000"


@dataclasses.dataclass
class Cluster:
    """What tests do to a cluster."""

    store: Store
    rules: Rules
    kubelet: Kubelet
    folder: pathlib.Path
    host: str

    @property
    def shared(self) -> pathlib.Path:
        """Where the claim lies and is mounted."""
        return self.folder / "shared"

    @property
    def env(self) -> dict[str, str]:
        """The environment of a process that may call the API: a pod, but for its own name."""
        return {"KUBECONFIG": str(self.folder / "kubeconfig"), "POD_NAMESPACE": NAMESPACE}

    def all(self, plural: str) -> list[Body]:
        """Copies of the objects of a kind."""
        with self.store.lock:
            return list(json.loads(json.dumps(self.store.all(plural))))

    def running(self) -> dict[int, str]:
        """The name of the pod that runs, by the place of its worker."""
        return {
            int(pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]): pod[
                "metadata"
            ]["name"]
            for pod in self.all("pods")
            if pod["spec"].get("containers")
            and pod["status"]["phase"] == "Running"
            and "deletionTimestamp" not in pod["metadata"]
        }

    def kill(self, pod: str) -> None:
        """Kills a pod's process."""
        self.kubelet.send(pod, signal.SIGKILL)

    def evict(self, pod: str) -> None:
        """Ends a pod as the drain of a node does."""
        with self.store.lock:
            found = self.store.get("pods", pod)
            found["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
            self.kubelet.send(pod, signal.SIGTERM)

    def add_launcher(self, name: str) -> dict[str, str]:
        """A pod that stands for the process that launches; its environment."""
        body = {
            "metadata": {"name": name},
            "spec": {},
            "status": {"phase": "Running"},
        }
        made = self.store.create("pods", NAMESPACE, body)
        return self.env | {"POD_NAME": name, "POD_UID": made["metadata"]["uid"]}


@contextlib.contextmanager
def cluster(folder: pathlib.Path) -> Iterator[Cluster]:
    """A cluster whose files lie in a folder; no process outlives the block, nor this process."""
    store, rules = Store(), Rules(NAMESPACE, VERSION)
    (folder / "shared").mkdir()
    images = {
        IMAGE: Image(),
        IDLE: Image(("/bin/sleep", "1000")),
        BROKEN: Image(("/bin/sh", "-c", "echo I feel unwell; exit 3")),
        REFUSING: Image(("/bin/sh", "-c", _REFUSE)),
        TALKING: Image(("/bin/sh", "-c", _TALK)),
        MISSING: Image(error="manifest unknown"),
    }
    store.create("persistentvolumeclaims", NAMESPACE, {"metadata": {"name": CLAIM}})
    with contextlib.ExitStack() as stack:
        claims = {CLAIM: folder / "shared"}
        kubelet = Kubelet(store, folder / "pods", images, claims, {})
        stack.callback(kubelet.close)
        stack.callback(Controller(store, rules.quota).close)
        server = serve(store, rules, kubelet.logs)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        host = f"http://127.0.0.1:{server.server_address[1]}"
        (folder / "kubeconfig").write_text(json.dumps(_kubeconfig(host)), "utf-8")
        yield Cluster(store, rules, kubelet, folder, host)


def _kubeconfig(host: str) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": host}}],
        "users": [{"name": "it", "user": {"token": TOKEN}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }
