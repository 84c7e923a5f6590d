"""How `headrace submit` finds a server, logs in, and tells what is in the way."""

import pathlib
import subprocess
import sys

import pytest

from pipeline.failure import ExitCode
from pipeline.kubeflow.client import server as server_of
from pipeline.kubeflow.client.refusals import ServerError, ServerExit
from tests.kubeflow.kfp_api import Fault
from tests.kubeflow.test_submit import only

ROOT = pathlib.Path(__file__).parents[2]

REFUSED = {
    "login": (
        Fault(401, '{"code": 16, "message": "Unauthenticated"}'),
        r"it refuses the login \(401\). No token was given: set KFP_EXISTING_TOKEN",
    ),
    "login page": (Fault.login_page(), r"a login page, not the API \(200\)"),
    "redirect to the login": (Fault.login_page(302), r"a login page, not the API \(302\)"),
    "sign-in page": (Fault.login_page(403), r"a login page, not the API \(403\)"),
    "https only": (
        Fault(301, headers={"Location": "https://127.0.0.1/apis"}),
        r"it answers by HTTPS only. Give --host https://127.0.0.1",
    ),
    "right": (
        Fault(403, '{"message": "User \'me\' cannot create runs", "details": []}'),
        r"may not do that \(403\): User 'me' cannot create runs. Check --namespace",
    ),
    "quota": (
        Fault(403, '{"message": "workflows is forbidden: exceeded quota: team-a"}'),
        r"no room at present \(403\): workflows is forbidden: exceeded quota: team-a",
    ),
    "quota, wrapped": (
        Fault(
            500, '{"message": "exceeded quota", "details": [{"message": "Internal Server Error"}]}'
        ),
        r"no room at present \(500\): exceeded quota",
    ),
    "requests": (Fault(429, "slow down", "text/plain"), r"no room at present \(429\): slow down"),
    "version": (
        Fault(404, '{"code": 5, "message": "Not Found", "details": []}'),
        r"there is no v2beta1 API of Kubeflow Pipelines \(404\)",
    ),
    "other server": (Fault(404, "<html>", "text/html"), r"there is no v2beta1 API"),
    "crash": (
        Fault(500, '{"message": "db is away", "details": [{"message": "Internal Server Error"}]}'),
        r"the server failed \(500\): db is away",
    ),
    "gateway": (Fault(502, "<html>", "text/html"), r"the server failed \(502\): a web page"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_one_sentence(api, submit, case):
    api.fault, sentence = REFUSED[case]

    with pytest.raises(ServerError, match=f"^{api.url}: .*{sentence}") as raised:
        submit()

    assert "\n" not in str(raised.value)
    usage = case in ("https only", "version", "other server")
    assert raised.value.code == (ExitCode.BAD_SPEC if usage else ServerExit.UNREACHABLE)


def test_a_token_of_the_environment_is_borne_and_never_shown(api, submit, monkeypatch):
    api.token = "secret-and-valid"
    monkeypatch.setenv("KFP_EXISTING_TOKEN", "secret-and-valid\n")

    code, told, screen = submit()

    assert code == ExitCode.BLESSED
    assert "secret" not in screen + told.model_dump_json()


def test_a_token_file_is_read_again_for_every_request(api, submit, monkeypatch, tmp_path):
    api.token = "of-the-kubelet"
    (tmp_path / "token").write_text("of-the-kubelet\n")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))

    assert submit()[0] == ExitCode.BLESSED

    api.token = "renewed"
    (tmp_path / "token").write_text("renewed\n")
    assert submit()[0] == ExitCode.BLESSED


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("KFP_EXISTING_TOKEN", "secret-old", r"\(401\). The token of KFP_EXISTING_TOKEN was not"),
        ("KFP_EXISTING_TOKEN", "Bearer secret", "KFP_EXISTING_TOKEN: is no token"),
        ("KFP_EXISTING_TOKEN", "sec\nret", "KFP_EXISTING_TOKEN: is no token"),
        ("KF_PIPELINES_SA_TOKEN_PATH", "/nowhere/token", "/nowhere/token: .* cannot be read"),
    ],
)
def test_a_token_that_is_no_good_is_not_shown_either(
    api, submit, monkeypatch, variable, value, sentence
):
    api.token = "another"
    monkeypatch.setenv(variable, value)

    with pytest.raises(ServerError, match=sentence) as raised:
        submit()

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("http://127.0.0.1:1", r"nothing answers there \(\[Errno 111\] Connection refused\)"),
        ("http://kfp.invalid", "the name does not resolve. Check --host, and the network or VPN"),
    ],
)
def test_a_server_that_is_not_there_is_told_apart(host, sentence):
    with pytest.raises(ServerError, match=f"^{host}: {sentence}") as raised:
        server_of.connect(host, None)

    assert raised.value.code == ServerExit.UNREACHABLE


def test_a_server_that_never_answers_is_not_waited_for(monkeypatch, hole):
    monkeypatch.setattr(server_of, "_TIME_OUT", (1, 0.1))

    with pytest.raises(ServerError, match=f"^{hole}: no answer in time"):
        server_of.connect(hole, None)


def test_tls_with_a_server_of_plain_http_says_so(api):
    host = api.url.replace("http://", "https://")

    with pytest.raises(ServerError, match=f"TLS fails: .*plain HTTP, give --host {api.url};"):
        server_of.connect(host, None)


def test_an_authority_of_ones_own_is_named_by_ssl_cert_file(api, certificate, monkeypatch):
    host = api.use_tls(certificate)

    with pytest.raises(ServerError, match=r"TLS fails: .*certificate verify failed"):
        server_of.connect(host, None)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert server_of.connect(host, None).host == host


def test_without_any_host_the_ways_to_name_one_are_listed(tmp_path):
    environment = {"HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "none"), "PATH": ""}
    program = "from pipeline.kubeflow.client.server import connect; connect(None, None)"

    told = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    last = told.stderr.splitlines()[-1]
    assert "no server of Kubeflow Pipelines: --host is not given" in last
    assert "kubectl port-forward" in last
    assert told.stdout == ""  # kfp itself prints that it found no kubeconfig


def test_the_host_and_the_pages_are_those_of_the_environment(api, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", f"{api.url}/")

    server = server_of.connect(None, None)
    assert (server.host, server.link("runs")) == (api.url, f"{api.url}/#/runs")

    monkeypatch.setenv("KF_PIPELINES_UI_ENDPOINT", "kubeflow.example/pipeline")
    assert server_of.connect(None, None).link("runs") == "https://kubeflow.example/pipeline/#/runs"


def test_a_server_of_several_users_asks_for_a_namespace(api, submit):
    api.multi_user = True

    with pytest.raises(ServerError, match=r"serves several users.*--namespace NAME") as raised:
        submit()
    assert raised.value.code == ExitCode.BAD_SPEC

    submit(namespace="team-a")
    assert only(api.experiments)["namespace"] == only(api.pipelines)["namespace"] == "team-a"
