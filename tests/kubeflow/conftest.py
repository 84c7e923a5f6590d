"""A server of Kubeflow Pipelines on a loopback port, and a small pipeline for it."""

import datetime
import io
import ipaddress
import socket

import pytest
import yaml
from rich.console import Console

from pipeline.kubeflow.client.package import Package
from pipeline.kubeflow.client.server import AUTHORITIES, HOST, TOKEN, TOKEN_FILE, UI, connect
from pipeline.kubeflow.client.submit import Order, Submitted, deliver
from tests.kubeflow.kfp_api import KfpServer

STAGES = ("TableExampleGen", "Trainer", "Pusher")  # in this order


def _task(name, before, parameter=None):
    task = {"taskInfo": {"name": name}, "componentRef": {"name": f"comp-{key(name)}"}}
    if before:
        task["dependentTasks"] = [key(before)]
    if parameter:
        task["inputs"] = {"parameters": {parameter: {"componentInputParameter": parameter}}}
    return task


def key(stage):
    """`TableExampleGen` -> `table-example-gen`"""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in stage).strip("-")


def pipeline_yaml(name="flights", image="registry.example/headrace:1", root=None):
    """A pipeline of the shape that `headrace compile` writes, with three stages."""
    parameters = {
        "data": {"parameterType": "STRING", "isOptional": True, "defaultValue": ""},
        "steps": {"parameterType": "NUMBER_INTEGER", "isOptional": True, "defaultValue": 0},
    }
    given = dict(zip(STAGES, ("data", "steps", None), strict=True))
    components = {}
    tasks = {}
    for stage, before in zip(STAGES, (None, *STAGES), strict=False):
        parameter = given[stage]
        component = {"executorLabel": f"exec-{key(stage)}"}
        if parameter:
            kind = {"parameterType": parameters[parameter]["parameterType"]}
            component["inputDefinitions"] = {"parameters": {parameter: kind}}
        components[f"comp-{key(stage)}"] = component
        tasks[key(stage)] = _task(stage, before, parameter)
    inner = {name: {"parameterType": of["parameterType"]} for name, of in parameters.items()}
    passed = {name: {"componentInputParameter": name} for name in parameters}
    components["comp-pipeline"] = {
        "dag": {"tasks": tasks},
        "inputDefinitions": {"parameters": inner},
    }
    outer = {
        "taskInfo": {"name": "pipeline"},
        "componentRef": {"name": "comp-pipeline"},
        "inputs": {"parameters": passed},
    }
    executors = {
        f"exec-{key(stage)}": {"container": {"image": image, "args": [stage]}} for stage in STAGES
    }
    spec = {
        "schemaVersion": "2.1.0",
        "sdkVersion": "headrace",
        "pipelineInfo": {"name": name},
        "root": {
            "dag": {"tasks": {"pipeline": outer}},
            "inputDefinitions": {"parameters": parameters},
        },
        "components": components,
        "deploymentSpec": {"executors": executors},
        **({"defaultPipelineRoot": root} if root else {}),
    }
    claim = {"constant": "headrace", "mountPath": "/headrace"}
    pods = {name: {"pvcMount": [claim]} for name in executors}
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": pods}}}}
    return yaml.safe_dump_all([spec, platform])


@pytest.fixture(autouse=True)
def _no_login_of_ours(monkeypatch):
    for name in (HOST, UI, TOKEN, TOKEN_FILE, AUTHORITIES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api():
    """The server."""
    with KfpServer() as server:
        yield server


@pytest.fixture
def hole():
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A key and a certificate for this machine, of nobody's but our own authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(private + made.public_bytes(pem))
    return file


@pytest.fixture
def submit(api):
    """Submits the small pipeline, as `headrace submit` does once it is compiled.

    Returns the exit code, the JSON object, and what people see.
    """

    def submit(package=None, **wishes):
        told, screen = Submitted(), io.StringIO()
        server = connect(api.url, wishes.pop("namespace", None))
        console = Console(file=screen, width=200)
        package = package or Package(pipeline_yaml())
        code = deliver(server, package, Order(**wishes), told, console, every=0.01)
        return code, told, screen.getvalue()

    return submit
