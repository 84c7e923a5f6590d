"""The first process of a pod: builds what the pod sees, starts the program, waits for it.

It runs as a script in new namespaces, as root, with nothing but the standard library: Linux tells
how through mount(2), pivot_root(2), capabilities(7) and prctl(2).
"""

import ctypes
import fcntl
import json
import os
import pathlib
import resource
import socket
import struct
import sys
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_RDONLY, _NOSUID, _NODEV, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_DETACH = 2
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def main() -> int:
    """The program's exit code, as a shell tells it. The report has it too."""
    plan = json.loads(pathlib.Path(sys.argv[1]).read_text())
    with pathlib.Path(sys.argv[2]).open("w") as report:
        try:
            _build(plan)
        except OSError as problem:
            json.dump({"error": str(problem)}, report)
            return 1
        code = _wait(_start(plan))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        json.dump({"exit_code": code, "peak_bytes": peak}, report)
    return code


def _build(plan: dict[str, Any]) -> None:
    """Everything that the pod sees, on a root that was empty before and is read-only afterwards."""
    socket.sethostname(plan["name"])
    _loopback()
    root = plan["root"]
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("tmpfs", root, "tmpfs", _NOSUID | _NODEV, "mode=755,size=16m")
    _system(root)
    for path, target in plan["links"].items():
        os.symlink(target, root + path)  # noqa: PTH211
    for mount in plan["mounts"]:
        _add(root, mount)
    _mount(None, root, None, _REMOUNT | _BIND | _RDONLY)
    # The old root is put below the new one, and cut off with all that was mounted there.
    os.chdir(root)
    _check(_LIBC.pivot_root(b".", b"."), "pivot_root")
    _check(_LIBC.umount2(b".", _DETACH), "umount of the old root")
    os.chdir("/")


def _system(root: str) -> None:
    """What the kernel provides: /proc of the new processes, /sys, a handful of devices."""
    for name in ("proc", "sys", "dev"):
        os.mkdir(f"{root}/{name}")  # noqa: PTH102
    _mount("proc", f"{root}/proc", "proc", _NOSUID | _NODEV)
    _mount("sysfs", f"{root}/sys", "sysfs", _NOSUID | _NODEV | _RDONLY)
    _mount("tmpfs", f"{root}/dev", "tmpfs", _NOSUID, "mode=755,size=1m")
    for name in _DEVICES:
        pathlib.Path(f"{root}/dev/{name}").touch()
        _mount(f"/dev/{name}", f"{root}/dev/{name}", None, _BIND)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{root}/dev/{name}")  # noqa: PTH211
    os.symlink("/proc/self/fd", f"{root}/dev/fd")  # noqa: PTH211
    os.mkdir(f"{root}/dev/shm")  # noqa: PTH102
    # 64 MiB is what container runtimes give, unless the platform spec mounts more over it.
    _mount("tmpfs", f"{root}/dev/shm", "tmpfs", _NOSUID | _NODEV, "mode=1777,size=64m")


def _add(root: str, mount: dict[str, Any]) -> None:
    target = root + mount["target"]
    if mount["source"] is None:
        os.makedirs(target, exist_ok=True)  # noqa: PTH103
        options = f"mode=777,size={mount['size'] or '50%'}"
        _mount("tmpfs", target, "tmpfs", _NOSUID | _NODEV, options)
    else:
        if not os.path.isfile(mount["source"]):  # noqa: PTH113
            os.makedirs(target, exist_ok=True)  # noqa: PTH103
        _mount(mount["source"], target, None, _BIND)
    if mount["read_only"]:
        _mount(None, target, None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)


def _start(plan: dict[str, Any]) -> int:
    """The process id of the program, which has the given user and no rights but that user's."""
    process = os.fork()
    if process:
        return process
    try:
        os.umask(0o022)
        for capability in range(64):
            if _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                break  # the kernel knows no more of them
        os.setgroups([])
        os.setresgid(plan["group"], plan["group"], plan["group"])
        os.setresuid(plan["user"], plan["user"], plan["user"])
        _check(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        os.execvpe(plan["command"][0], plan["command"], plan["environment"])
    except OSError as problem:
        print(f"failed to start {plan['command'][0]!r}: {problem}", file=sys.stderr, flush=True)
    os._exit(127)


def _wait(process: int) -> int:
    """The exit code of the program; whatever it leaves behind ends with this process."""
    while True:
        ended, status = os.wait()
        if ended == process:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _loopback() -> None:
    with socket.socket() as control:
        request = struct.pack("16sh14x", b"lo", _IFF_UP)
        fcntl.ioctl(control, _SIOCSIFFLAGS, request)


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    given = [None if text is None else text.encode() for text in (source, target, kind, options)]
    result = _LIBC.mount(given[0], given[1], given[2], ctypes.c_ulong(flags), given[3])
    _check(result, f"mount of {source or kind} on {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit(main())
