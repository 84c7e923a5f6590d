"""A node whose Beam pipeline runs elsewhere: a real portable job server, and real SDK workers."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import pytest

from pipeline.beam import Beam, beam_args
from tests.pipeline.kubeflow.test_entrypoint import example_gen, pod, scratch

__all__ = ["scratch"]  # a fixture

JOBS = "apache_beam.runners.portability.local_job_service_main"
WORKERS = "apache_beam.runners.worker.worker_pool_main"


@contextlib.contextmanager
def listening(*words):
    """A program of Beam's on a port of its own; gives `host:port` once it can be reached."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", *(word.format(port=port) for word in words)]
    # The pool starts workers as `python`.
    path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PATH": path},
    )
    try:
        end = time.monotonic() + 60
        while True:
            assert process.poll() is None, f"{words[0]} ended with {process.returncode}"
            assert time.monotonic() < end, f"{words[0]} does not listen"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_example_gen_runs_on_a_job_server_as_flink_and_spark_have_one(scratch):
    lines = "\n".join(f"{number},{number % 2}" for number in range(60))
    (scratch / "day-1").mkdir()
    (scratch / "day-1" / "rows.csv").write_text(f"x,late\n{lines}\n")
    node, properties = example_gen("day-{SPAN}/rows.csv")
    with (
        listening(JOBS, "--port={port}") as jobs,
        listening(WORKERS, "--service_port={port}") as workers,
    ):
        engine = Beam(runner="flink", job_endpoint=jobs, worker_pool=workers)
        flags = beam_args(engine, "registry.example/headrace:1")
        elsewhere = {**node, "beam": flags, "shared": str(scratch / "volume")}

        code, told = pod(elsewhere, scratch, parameters={**properties, "data": str(scratch)})

    (artifact,) = told["artifacts"]["examples"]["artifacts"]
    assert code == 0
    assert sum(json.loads(artifact["metadata"]["rows"]).values()) == 60
    assert list((scratch / "minio/bucket/run/examples/Split-train").iterdir())
    assert list((scratch / "volume").iterdir()) == []
