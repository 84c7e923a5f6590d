"""The one node of the cluster: it runs pods as processes of this machine.

What a process sees differs from a pod in this: host names of workers are addresses of this machine,
an emptyDir is a temporary folder elsewhere, the claim lies where it is mounted, and nothing keeps
it from writing to other folders.
"""

import contextlib
import dataclasses
import datetime
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from tests.kubeflow.api.store import Store, now

Body = dict[str, Any]

_POLL_SECONDS = 0.02
# The kernel ends the process with the thread that started it, however that ends.
_PROGRAM = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
if os.getppid() == int(sys.argv[1]):  # else it has ended before it was asked
    os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclasses.dataclass(frozen=True)
class Image:
    """What is in an image."""

    command: tuple[str, ...] | None = None  # runs instead of the pod's; None: the pod's own
    error: str | None = None  # why it cannot be pulled


@dataclasses.dataclass
class Running:
    """A pod's process."""

    process: subprocess.Popen[bytes]
    folder: pathlib.Path
    reader: threading.Thread
    end: float | None = None  # when it is killed, once it was told to end


class Log:
    """The lines of a pod, each with its time, as they come."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.news = threading.Condition()
        self.is_closed = False

    def add(self, text: str) -> None:
        with self.news:
            moment = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
            # Nine digits, as the kubelet writes them; they must rise.
            self.lines.append((f"{moment}{len(self.lines) % 1000:03}Z", text))
            self.news.notify_all()

    def close(self) -> None:
        with self.news:
            self.is_closed = True
            self.news.notify_all()


class Kubelet:
    """Runs the pods of a store until it is closed."""

    def __init__(
        self,
        store: Store,
        folder: pathlib.Path,
        images: Mapping[str, Image],
        claims: Mapping[str, pathlib.Path],
        devices: Mapping[str, int],
    ) -> None:
        """Takes the images there are, where claims lie, and devices by resource name."""
        self._store, self._folder, self._images = store, folder, images
        self._claims, self._devices = claims, devices
        self._running: dict[str, Running] = {}
        self.logs: dict[str, Log] = {}
        self.is_slow = False  # whether images take for ever to be pulled
        self._ports = _port_prefix()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def close(self) -> None:
        """Kills every pod."""
        self._over.set()
        self._thread.join()

    def number(self, pod: str) -> int:
        """Of a pod's process."""
        return self._running[pod].process.pid

    def send(self, pod: str, sign: signal.Signals) -> None:
        """Sends a signal to a pod's process."""
        os.killpg(self.number(pod), sign)

    def _work(self) -> None:
        try:
            while not self._over.wait(_POLL_SECONDS):
                with self._store.lock:
                    for pod in self._store.all("pods"):
                        if pod["spec"].get("containers"):
                            self._look_after(pod)
        finally:
            for running in self._running.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(running.process.pid, signal.SIGKILL)
                running.process.wait()
                running.reader.join()

    def _look_after(self, pod: Body) -> None:
        name = pod["metadata"]["name"]
        running = self._running.get(name)
        leaving = "deletionTimestamp" in pod["metadata"]
        if running and running.process.poll() is not None:
            self._note_end(pod, running)
            del self._running[name]
        elif running and leaving:
            self._end(pod, running)
        elif leaving:
            self._store.forget(name)
        elif pod["status"]["phase"] == "Pending":
            self._try_to_start(pod)

    def _end(self, pod: Body, running: Running) -> None:
        """SIGTERM, and SIGKILL after the pod's grace."""
        if running.end is None:
            running.end = time.monotonic() + pod["spec"].get("terminationGracePeriodSeconds", 30)
            os.kill(running.process.pid, signal.SIGTERM)
        elif time.monotonic() > running.end:
            os.killpg(running.process.pid, signal.SIGKILL)

    def _try_to_start(self, pod: Body) -> None:
        container = pod["spec"]["containers"][0]
        image = self._images.get(container["image"])
        unschedulable = self._unschedulable(pod)
        if unschedulable:
            pod["status"]["conditions"] = [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": unschedulable,
                }
            ]
        elif image is None or image.error:
            error = image.error if image else f"{container['image']}: not found"
            message = f'Back-off pulling image "{container["image"]}": {error}'
            waiting = {"reason": "ImagePullBackOff", "message": message}
            _set_state(pod, "Pending", {"waiting": waiting})
        elif self.is_slow:
            _set_state(pod, "Pending", {"waiting": {"reason": "ContainerCreating"}})
        else:
            self._start(pod, image)
        self._store.touch(pod)

    def _unschedulable(self, pod: Body) -> str:
        for volume in pod["spec"].get("volumes", []):
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and claim not in self._claims:
                return f'persistentvolumeclaim "{claim}" not found'
        for container in pod["spec"]["containers"]:
            for what, count in container.get("resources", {}).get("limits", {}).items():
                if "/" in what and int(count) > self._devices.get(what, 0):
                    return f"0/1 nodes are available: 1 Insufficient {what}."
        return ""

    def _start(self, pod: Body, image: Image) -> None:
        name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]
        folder = self._folder / name
        folder.mkdir(parents=True)
        command = list(image.command or container["command"])
        if command[0] == "python":
            command[0] = sys.executable
        process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", _PROGRAM, str(os.getpid()), *command],
            env={"PATH": os.environ["PATH"], **self._environment(pod, folder)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log = self.logs[name] = Log()
        reader = threading.Thread(target=_read, args=(process, log))
        reader.start()
        self._running[name] = Running(process, folder, reader)
        pod["status"]["startTime"] = now()
        _set_state(pod, "Running", {"running": {"startedAt": now()}})

    def _environment(self, pod: Body, folder: pathlib.Path) -> dict[str, str]:
        container = pod["spec"]["containers"][0]
        own = {"termination-log": container["terminationMessagePath"]}
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        for mount in container["volumeMounts"]:
            volume = volumes[mount["name"]]
            if "emptyDir" in volume:
                (folder / mount["name"]).mkdir()
                own[mount["name"]] = mount["mountPath"]
            else:
                self._check_claim(volume["persistentVolumeClaim"]["claimName"], mount)
        places = {path: str(folder / name) for name, path in own.items()}
        values = {one["name"]: one.get("value", "") for one in container["env"]}
        return {
            name: places.get(value, self._resolved(pod, value)) for name, value in values.items()
        }

    def _check_claim(self, claim: str, mount: Body) -> None:
        lies = self._claims[claim] / mount.get("subPath", "")
        if str(lies) != mount["mountPath"]:
            raise ValueError(f"this kubelet mounts {claim} at {lies} only, got {mount}")

    def _own(self, pod: Body) -> None:
        """Gives what is on the claims to the pod's user, as whom the process would have run."""
        user = pod["spec"].get("securityContext", {}).get("runAsUser")
        if user is None or os.getuid() != 0:
            return
        for claim in self._claims.values():
            for folder, _, files in os.walk(claim):
                for name in (folder, *(os.path.join(folder, file) for file in files)):
                    with contextlib.suppress(FileNotFoundError):
                        os.chown(name, user, -1, follow_symlinks=False)

    def _resolved(self, pod: Body, value: str) -> str:
        """Host names of a Job's pods as ports of this machine, if a Service makes them known."""
        spec, metadata = pod["spec"], pod["metadata"]
        subdomain = spec.get("subdomain", "")
        job = re.escape(spec.get("hostname", "").rpartition("-")[0])
        where = re.escape(f".{subdomain}.{metadata['namespace']}.svc")
        known = any(
            service["metadata"]["name"] == subdomain
            and service["spec"].get("clusterIP") == "None"
            and service["spec"].get("publishNotReadyAddresses")
            and service["spec"]["selector"].items() <= metadata["labels"].items()
            for service in self._store.all("services")
        )
        if not known:
            return value
        return re.sub(rf"{job}-\{{index\}}{where}:\d+", f"127.0.0.1:{self._ports}{{index}}", value)

    def _note_end(self, pod: Body, running: Running) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)  # with process 1 of a pod all end
        running.reader.join()
        self._own(pod)
        code = running.process.returncode
        code = 128 - code if code < 0 else code
        ended = {"exitCode": code, "reason": "Error" if code else "Completed", "finishedAt": now()}
        message = running.folder / "termination-log"
        if message.exists():
            ended["message"] = message.read_text("utf-8")
        elif code:
            lines = self.logs[pod["metadata"]["name"]].lines[-80:]
            ended["message"] = "\n".join(line for _, line in lines)[-2048:]
        _set_state(pod, "Failed" if code else "Succeeded", {"terminated": ended})
        self._store.touch(pod)


def _read(process: subprocess.Popen[bytes], log: Log) -> None:
    with process.stdout or contextlib.nullcontext(()) as lines:
        for line in lines:
            log.add(line.decode("utf-8", "replace").rstrip("\n"))
    log.close()


def _set_state(pod: Body, phase: str, state: Body) -> None:
    container = pod["spec"]["containers"][0]
    pod["status"]["phase"] = phase
    pod["status"]["containerStatuses"] = [
        {"name": container["name"], "image": container["image"], "state": state, "restartCount": 0}
    ]


def _port_prefix() -> int:
    """A number behind which a digit gives a port on which nobody listens, below Linux' own."""
    while True:
        prefix = random.randrange(2_000, 3_200)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for digit in range(10):
                probe = stack.enter_context(socket.socket())
                probe.bind(("127.0.0.1", prefix * 10 + digit))
            return prefix
