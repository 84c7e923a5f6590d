"""What a program sees in a pod, and what it may do."""

import dataclasses
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pytest
from kfp import dsl, kubernetes

from tests.kubeflow import harness
from tests.kubeflow.harness.components import play, python, shell, write

_WHY = harness.unavailable()
pytestmark = pytest.mark.skipif(_WHY is not None, reason=_WHY or "")
REPOSITORY = pathlib.Path(__file__).parents[3]


def test_only_declared_artifacts_are_there(tmp_path):
    (tmp_path / "outside").write_text("of another run")
    look = f"find /minio /s3 /gcs -type f; ls {tmp_path} 2>&1 || true"

    def pipeline():
        note = write(text="secret")
        shell(script=look).after(note)

    run = play(tmp_path, pipeline)

    run.check()
    assert "No such file" in run["shell"].log
    assert len(run["shell"].log.splitlines()) == 1  # nothing found


def test_the_image_is_the_checkout_without_its_data(tmp_path):
    script = f"""
import importlib.util, os, sys
print(sys.prefix == {sys.prefix!r}, importlib.util.find_spec("pipeline.spec").origin)
print(os.listdir("{REPOSITORY}/data"), os.path.exists("{REPOSITORY}/setup.py"))
print(sorted(set(os.listdir("{REPOSITORY.parent}")) - {{"{REPOSITORY.name}"}}))
"""

    def pipeline():
        python(script=script)

    run = play(tmp_path, pipeline)

    run.check()
    assert run["python"].log.splitlines() == [
        f"True {REPOSITORY}/pipeline/spec.py",
        "[] True",
        "[]",
    ]


def test_an_image_may_lie_where_the_pod_has_folders_of_its_own(tmp_path):
    # a checkout below /tmp, which is empty and writable in a pod
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "file").touch()
    image = harness.checkout()
    image = dataclasses.replace(image, folders=(*image.folders, tmp_path / "checkout"))
    script = f"ls {tmp_path} {tmp_path}/checkout; ! touch {tmp_path}/checkout/new 2>/dev/null"

    def pipeline():
        shell(script=script)

    run = play(tmp_path, pipeline, image=image)

    run.check()
    assert run["shell"].log.split() == [f"{tmp_path}:", "checkout", f"{tmp_path}/checkout:", "file"]


def test_the_root_is_read_only_but_for_a_few_folders(tmp_path):
    script = f"""
for folder in / /usr /etc /var {REPOSITORY} {REPOSITORY}/data; do
    ! touch $folder/new 2>/dev/null || echo $folder is writable
done
for folder in $HOME /tmp /minio /s3 /gcs /.cache /dev/shm /empty; do touch $folder/new; done
"""

    def pipeline():
        kubernetes.empty_dir_mount(shell(script=script), "empty", "/empty", size_limit="1Gi")

    run = play(tmp_path, pipeline)

    run.check()
    assert run["shell"].log == ""


def test_a_program_is_a_nameless_user_without_rights(tmp_path):
    script = 'id -u; id -g; grep -E "^(Cap...|NoNewPrivs)" /proc/self/status; whoami || true'

    def pipeline():
        shell(script=script)

    run = play(tmp_path, pipeline)

    run.check()
    user, group, *rights, name = run["shell"].log.splitlines()
    assert (user, group) == ("1000", "0")
    # five sets of capabilities, all empty, then no_new_privs
    assert [int(line.split()[1], 16) for line in rights] == [0, 0, 0, 0, 0, 1]
    assert "cannot find name" in name


def test_a_security_context_chooses_the_user(tmp_path):
    def pipeline():
        kubernetes.set_security_context(
            shell(script="id -u; id -g"), run_as_user=2000, run_as_group=3000
        )

    assert play(tmp_path, pipeline)["shell"].log == "2000\n3000\n"


def test_the_network_ends_at_the_pod(tmp_path):
    script = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
print(sorted(name for _, name in socket.if_nameindex() if name == "eth0"))
for address in [("127.0.0.1", PORT), ("10.0.0.1", 80)]:
    try:
        socket.create_connection(address, 5)
    except OSError as problem:
        print(problem.strerror)
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = script.replace("PORT", str(server.getsockname()[1]))

        def pipeline():
            python(script=ours)

        run = play(tmp_path, pipeline)

    run.check()
    assert run["python"].log.splitlines() == ["[]", "Connection refused", "Network is unreachable"]


def test_no_process_of_the_machine_is_seen(tmp_path):
    def pipeline():
        shell(script="echo /proc/[0-9]*; hostname")

    processes, host = play(tmp_path, pipeline)["shell"].log.splitlines()

    assert processes == "/proc/1 /proc/2"
    assert host.startswith("shell-")


def test_the_environment_is_that_of_the_image_the_server_and_the_spec(tmp_path, monkeypatch):
    monkeypatch.setenv("OF_THE_MACHINE", "1")

    def pipeline():
        python(script="import os; print(*sorted(os.environ))").set_env_variable("OF_THE_SPEC", "1")

    run = play(tmp_path, pipeline, environment={"OF_THE_CLUSTER": "1"})

    assert run["python"].log.split() == [
        "HOME", "HOSTNAME", "KFP_POD_NAME", "KFP_POD_UID", "KUBERNETES_SERVICE_HOST",
        "KUBERNETES_SERVICE_PORT", "LANG", "METADATA_GRPC_SERVICE_HOST",
        "METADATA_GRPC_SERVICE_PORT", "OF_THE_CLUSTER", "OF_THE_SPEC", "PATH",
    ]  # fmt: skip


def test_kubernetes_expands_variables_in_arguments_but_not_in_inputs(tmp_path):
    @dsl.container_component
    def greet(whom: str):
        return dsl.ContainerSpec(image="any", command=["echo"], args=["$(HI) $$(HI)", whom])

    def pipeline():
        greet(whom="$(HI)").set_env_variable("HI", "hello")

    assert play(tmp_path, pipeline)["greet"].log == "hello $(HI) $(HI)\n"


def test_a_claim_is_mounted_where_the_platform_spec_says(tmp_path):
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "given").write_text("kept")

    def pipeline(claim: str = "data"):
        task = shell(script="cat /all/given; echo new > /part/new")
        kubernetes.mount_pvc(task, claim, "/all")
        kubernetes.mount_pvc(task, "data", "/part", sub_path="a/b")

    run = play(tmp_path, pipeline, claims={"data": volume})

    run.check()
    assert run["shell"].log == "kept"
    assert (volume / "a" / "b" / "new").read_text() == "new\n"


def test_a_claim_that_is_not_there_ends_the_run(tmp_path):
    def pipeline():
        kubernetes.mount_pvc(shell(script="true"), "missing", "/data")

    with pytest.raises(harness.Trap, match=r"waits for claim 'missing'.*\['data'\]"):
        play(tmp_path, pipeline, claims={"data": tmp_path})


def test_secrets_come_as_variables_and_as_files(tmp_path):
    def pipeline(name: str = "token"):
        task = shell(script="echo $TOKEN; cat /secret/key; ! touch /secret/new 2>/dev/null")
        kubernetes.use_secret_as_env(task, name, {"key": "TOKEN"})
        kubernetes.use_secret_as_volume(task, "token", "/secret")

    run = play(tmp_path, pipeline, secrets={"token": {"key": "hidden"}})

    run.check()
    assert run["shell"].log == "hidden\nhidden"
    with pytest.raises(harness.Trap, match="waits for secret 'token'"):
        play(tmp_path, pipeline)


def test_what_only_a_scheduler_needs_has_no_effect(tmp_path):
    def pipeline():
        task = shell(script="true")
        task.set_memory_limit("64G").set_cpu_request("2").set_accelerator_limit(1)
        kubernetes.add_node_selector(task, "kind", "gpu")
        kubernetes.add_toleration(task, key="gpu", operator="Exists", effect="NoSchedule")
        kubernetes.set_image_pull_secrets(task, ["registry"])

    play(tmp_path, pipeline).check()


def test_a_program_that_is_not_there_fails_the_task(tmp_path):
    @dsl.container_component
    def absent():
        return dsl.ContainerSpec(image="any", command=["no-such-program"])

    def pipeline():
        absent()

    run = play(tmp_path, pipeline)

    assert run["absent"].exit_code == 127
    assert "no-such-program" in run["absent"].log


def test_the_peak_of_memory_is_that_of_the_program(tmp_path):
    def pipeline():
        python(script="b'a' * 200_000_000")

    assert 200e6 < play(tmp_path, pipeline)["python"].peak_bytes < 300e6


def test_nothing_is_left_when_the_test_itself_is_killed(tmp_path):
    mark = f"sleep {time.time_ns() % 10**9 + 10**6}"  # seconds nobody else sleeps
    script = f"""
import pathlib
from tests.kubeflow.harness.components import play, shell
def pipeline():
    shell(script={mark!r})
play(pathlib.Path({str(tmp_path)!r}), pipeline)
"""
    # Its temporary folders stay behind; pytest removes them with ours.
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-c", script]
    with subprocess.Popen(words, cwd=REPOSITORY, env=environment) as process:
        _wait_for(lambda: _running(mark))

        process.send_signal(signal.SIGKILL)

    _wait_for(lambda: not _running(mark))


def _running(mark: str) -> bool:
    found = subprocess.run(["pgrep", "-xf", mark], capture_output=True, check=False)
    return found.returncode == 0


def _wait_for(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
