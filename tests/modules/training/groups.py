"""Groups of real local processes that train together, as the machines of a cluster would."""

import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

_MARK = "RESULT "  # what a worker tells stands behind it; TensorFlow prints lines of its own


def report(result: Any) -> None:
    """A worker's answer to whoever runs the group: any JSON value, told once."""
    print(_MARK + json.dumps(result), flush=True)


def run_group(script: pathlib.Path, workers: int, *arguments: str, limit: float = 100) -> list[Any]:
    """What each worker of a group reported, in the order of their ranks.

    Args:
        script: a Python file that calls `report` once.
        workers: processes to start. A single one gets no TF_CONFIG.
        arguments: for the script, the same for every worker.
        limit: seconds until the group is ended.

    Raises:
        AssertionError: when a worker failed, said nothing, or took over `limit` seconds; it quotes
            what the workers wrote to standard error. No process is left behind, whatever happens.
    """
    kinds = ["worker"] * workers
    return _run([sys.executable, str(script), *arguments], kinds, workers, limit)


def run_coordinated(script: pathlib.Path, workers: int, limit: float = 100) -> Any:
    """What the chief of a group reported that trains with a parameter server.

    Args:
        script: a Python file that calls `report` once where it is the chief, and else serves.
        workers: processes to start beside the chief and one parameter server.
        limit: seconds until the group is ended.

    Raises:
        AssertionError: as `run_group` does.
    """
    kinds = ["chief", "ps", *["worker"] * workers]
    return _run([sys.executable, str(script)], kinds, 1, limit)[0]


def _run(command: Sequence[str], kinds: Sequence[str], reporters: int, limit: float) -> list[Any]:
    """What the first of some processes reported; the others are ended with them."""
    environments = _environments(kinds)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        files = [pathlib.Path(folder) / str(rank) for rank in range(len(kinds))]
        processes = [
            stack.enter_context(_process(command, environment, file))
            for environment, file in zip(environments, files, strict=True)
        ]
        _wait(processes, reporters, limit)
        codes = [process.poll() for process in processes]
        said = [_result(file.with_suffix(".out").read_text("utf-8")) for file in files[:reporters]]
        if any(codes) or any(result is None for result in said):
            raise AssertionError(_complaint(codes, kinds, files, limit))
    return [json.loads(result) for result in said if result]


def _free_ports(count: int) -> list[int]:
    """Ports below the range from which the kernel serves other programs' connections."""
    found: list[int] = []
    for port in random.sample(range(20_000, 32_000), 1000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("localhost", port))
            found.append(port)
        if len(found) == count:
            break
    return found


def _environments(kinds: Sequence[str]) -> list[dict[str, str]]:
    """A thread each, no GPU, and the group's addresses where it is one."""
    values = {
        **os.environ,
        "TF_NUM_INTRAOP_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONUNBUFFERED": "1",
    }
    if "ps" not in kinds:  # else the requests to a server wait for each other
        values["TF_NUM_INTEROP_THREADS"] = "1"
    if len(kinds) == 1:
        return [values]
    addresses: dict[str, list[str]] = {}
    tasks = []
    for kind, port in zip(kinds, _free_ports(len(kinds)), strict=True):
        tasks.append({"type": kind, "index": len(addresses.setdefault(kind, []))})
        addresses[kind].append(f"localhost:{port}")
    configs = [json.dumps({"cluster": addresses, "task": task}) for task in tasks]
    return [{**values, "TF_CONFIG": config} for config in configs]


@contextlib.contextmanager
def _process(
    command: Sequence[str], environment: dict[str, str], file: pathlib.Path
) -> Iterator[subprocess.Popen[bytes]]:
    with file.with_suffix(".out").open("wb") as out, file.with_suffix(".err").open("wb") as err:
        process = subprocess.Popen(
            command, env=environment, stdout=out, stderr=err, start_new_session=True
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(processes: Sequence[subprocess.Popen[bytes]], reporters: int, limit: float) -> None:
    """Until the first have ended, or one has failed, or the time is up."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        codes = [process.poll() for process in processes]
        if any(codes):
            time.sleep(2)  # for the others to tell what they saw of it
            return
        if None not in codes[:reporters]:
            return
        time.sleep(0.05)


def _result(output: str) -> str | None:
    lines = [line for line in output.splitlines() if line.startswith(_MARK)]
    return lines[-1].removeprefix(_MARK) if lines else None


def _complaint(
    codes: Sequence[int | None], kinds: Sequence[str], files: Sequence[pathlib.Path], limit: float
) -> str:
    parts = [f"A group of {len(codes)} workers failed; None is no end within {limit} s."]
    for rank, (code, kind, file) in enumerate(zip(codes, kinds, files, strict=True)):
        tail = file.with_suffix(".err").read_text("utf-8", "replace")[-3000:]
        parts.append(f"--- {kind}, process {rank}, ended with {code} and wrote:\n{tail}")
    return "\n".join(parts)
