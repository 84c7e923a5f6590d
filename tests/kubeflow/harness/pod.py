"""A pod: one program in namespaces of its own, which sees nothing that is not mounted for it."""

import dataclasses
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from tests.kubeflow.harness.cluster import Image, checkout
from tests.kubeflow.harness.mounts import Mount
from tests.kubeflow.harness.result import Attempt

# Of the machine; every image has them too. What Debian links into /usr stays a link.
_SYSTEM = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_INIT = pathlib.Path(__file__).with_name("pod_init.py")
_USERS = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pod:
    """What is started. The root is read-only; so is the image, and its other folders are hidden."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    image: Image
    mounts: Sequence[Mount] = ()
    user: int
    group: int
    limit: float  # seconds
    networked: bool = False  # with the machine's network, not one of its own that leads nowhere

    def run(self, work: pathlib.Path) -> Attempt:
        """Waits for the program to end. `work` is an empty folder, for what is needed meanwhile.

        Raises RuntimeError when the pod could not be made, whatever its program would have done.
        """
        report = work / "report"
        (work / "plan").write_text(json.dumps(self._plan(work)))
        started = time.monotonic()
        arguments = [str(work / "plan"), str(report)]
        code = _started(arguments, work / "log", self.limit, self.networked)
        seconds = time.monotonic() - started
        log = (work / "log").read_text("utf-8", errors="replace")
        told = json.loads((report.exists() and report.read_text()) or "{}")
        if code is not None and "exit_code" not in told:
            raise RuntimeError(f"pod {self.name} could not be made: {told.get('error', log)}")
        return Attempt(
            exit_code=None if code is None else told["exit_code"],
            seconds=seconds,
            peak_bytes=told.get("peak_bytes", 0),
            log=log,
        )

    def _plan(self, work: pathlib.Path) -> dict[str, object]:
        """What pod_init.py reads: mounts from the outer to the inner, links, and the program."""
        (work / "root").mkdir()
        for name in ("passwd", "group"):
            (work / name).write_text(_USERS if name == "passwd" else "root:x:0:\n")
        (work / "hosts").write_text(f"127.0.0.1 localhost {self.name}\n")
        links = {path: os.readlink(path) for path in _SYSTEM if os.path.islink(path)}  # noqa: PTH114, PTH115
        mounts = [
            *(
                _bound(path)
                for path in _SYSTEM
                if pathlib.Path(path).is_dir() and path not in links
            ),
            # The user has a number and no name, as in a pod; getpass.getuser() fails in both.
            *(Mount(f"/etc/{name}", work / name, True) for name in ("passwd", "group", "hosts")),
            *map(_bound, _outermost(self.image.folders)),
            *(Mount(str(path), read_only=True) for path in self.image.hidden if path.is_dir()),
            *self.mounts,
        ]
        return {
            "root": str(work / "root"),
            "name": self.name,
            "mounts": [
                {**dataclasses.asdict(mount), "source": mount.source and str(mount.source)}
                for mount in sorted(mounts, key=lambda mount: mount.target.count("/"))
            ],
            "links": links,
            "command": list(self.command),
            "environment": dict(self.environment),
            "user": self.user,
            "group": self.group,
        }


@functools.cache
def unavailable() -> str | None:
    """Why pods cannot be made on this machine, in a sentence; None where they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "Pods are made of Linux namespaces, as root."
    for program in ("unshare", "setpriv"):
        if shutil.which(program) is None:
            return f"Pods need {program!r} of util-linux, which is not on PATH."
    image = checkout()
    pod = Pod(name="probe", command=["python", "-c", ""], environment=image.environment,
              image=image, user=1000, group=0, limit=30)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        try:
            attempt = pod.run(pathlib.Path(folder))
        except RuntimeError as problem:
            return f"Namespaces cannot be used here: {problem}"
    said = attempt.log.strip().splitlines()[-1:]
    return None if attempt.exit_code == 0 else f"Python cannot run in a pod here: {said}"


def _started(arguments: list[str], log: pathlib.Path, limit: float, networked: bool) -> int | None:
    """The exit code of pod_init.py in new namespaces; None when `limit` seconds were not enough.

    Nothing outlives this process, even if it is killed: setpriv has unshare killed with it, which
    kills the first process of the namespaces, and with that all others and all mounts.
    """
    namespaces = ["--mount", "--pid", "--ipc", "--uts", *([] if networked else ["--net"])]
    words = ["setpriv", "--pdeathsig", "KILL", "unshare", *namespaces, "--kill-child", "--",
             sys.executable, "-I", "-S", str(_INIT), *arguments]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": os.defpath},
            start_new_session=True,
        )
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return None  # kubelet would ask first, and kill 30 s later
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _bound(path: str | pathlib.Path) -> Mount:
    return Mount(str(path), pathlib.Path(path), read_only=True)


def _outermost(folders: Sequence[pathlib.Path]) -> list[pathlib.Path]:
    """The folders without those that another one brings along."""
    return [
        folder
        for folder in dict.fromkeys(folders)
        if folder.is_mount() or not any(other in folder.parents for other in folders)
    ]
