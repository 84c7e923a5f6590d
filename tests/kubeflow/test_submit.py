"""`headrace submit` against a server on a loopback port."""

import json
import pathlib
import re
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from modules.errors import SpecError
from pipeline.cli import main
from pipeline.failure import ExitCode
from pipeline.kubeflow.client import waiting
from pipeline.kubeflow.client.package import Package
from pipeline.kubeflow.client.refusals import ServerError, ServerExit
from pipeline.kubeflow.client.submit import Order, submit_command
from tests.kubeflow.conftest import pipeline_yaml
from tests.kubeflow.kfp_api import Fault

SPEC = pathlib.Path(__file__).parents[2] / "data" / "flights" / "spec.toml"
KUBEFLOW = (
    'kubeflow={image="registry.example/headrace:1", volume={claim="headrace"}, '
    'root="minio://mlpipeline/headrace", service_account="trainer"}'
)


def only(records):
    (record,) = records.values()
    return record


def test_a_run_is_started_from_an_uploaded_version(api, submit):
    code, told, screen = submit()

    run, version = only(api.runs), only(api.versions)
    assert code == ExitCode.BLESSED
    assert run["pipeline_version_reference"] == {
        "pipeline_id": only(api.pipelines)["pipeline_id"],
        "pipeline_version_id": version["pipeline_version_id"],
    }
    assert only(api.pipelines)["name"] == "flights"
    assert only(api.experiments)["display_name"] == "flights"
    assert version["display_name"] == told.version
    assert (told.outcome, told.run.state) == ("started", "pending")
    assert f"{api.url}/#/runs/details/{run['run_id']}" in screen
    assert f"headrace status {run['run_id']}" in screen


def test_the_root_the_account_and_the_parameters_go_with_the_run(api, submit):
    package = Package(pipeline_yaml(root="minio://mlpipeline/mine"), "trainer")

    submit(package, params=("steps=200", "data=/headrace/new"), run_name="one", experiment="two")

    run = only(api.runs)
    assert run["runtime_config"] == {
        "parameters": {"steps": 200, "data": "/headrace/new"},
        "pipeline_root": "minio://mlpipeline/mine",  # the server reads no defaultPipelineRoot
    }
    assert (run["service_account"], run["display_name"]) == ("trainer", "one")
    assert only(api.experiments)["display_name"] == "two"


def test_the_same_text_is_uploaded_once_and_another_one_beside_it(api, submit):
    other = Package(pipeline_yaml(image="registry.example/headrace:2"))

    screens = [submit()[2], submit()[2], submit(other)[2]]

    assert ["uploaded" in screen for screen in screens] == [True, False, True]
    assert (len(api.pipelines), len(api.experiments), len(api.runs)) == (1, 1, 3)
    assert len({version["display_name"] for version in api.versions.values()}) == 2
    assert api.count("POST", "upload_version") == 2


def test_a_version_that_somebody_uploads_meanwhile_is_taken(api, submit):
    submit()
    api.fault = Fault(200, "{}", at="/versions", times=1)  # it is not seen at first

    code, _, screen = submit()

    assert code == ExitCode.BLESSED
    assert "is there already" in screen
    assert len(api.versions) == 1


def test_a_run_is_followed_to_its_end_a_line_a_stage(submit):
    code, told, screen = submit(wait=True)

    # the server lets each stage take ten seconds
    stages = re.findall(r"^(\w+) +(done|failed) +([\d.]+) s", screen, re.MULTILINE)
    assert code == ExitCode.BLESSED
    assert stages == [(name, "done", "10.0") for name in ("TableExampleGen", "Trainer", "Pusher")]
    assert (told.outcome, told.run.state, told.run.seconds) == ("succeeded", "succeeded", 30)
    assert "Succeeded in 30 s" in screen


@pytest.mark.parametrize("behind_pages", [False, True])
@pytest.mark.parametrize("plan", [{"fails": "trainer"}, {"fails": "trainer", "retries": 2}])
def test_a_failed_run_names_the_stage_the_reason_and_the_last_lines(
    api, submit, plan, behind_pages
):
    vars(api.plan).update(plan)
    api.behind_pages = behind_pages
    api.logs = AnyRun(
        api, "".join(f"line {n}\n" for n in range(50)) + "headrace: the loss is not finite\n"
    )

    code, told, screen = submit(wait=True)

    progress = only(api.progress)
    assert code == ServerExit.RUN_FAILED
    assert told.error == "Trainer: the loss is not finite"
    assert told.run.pod == progress.pod_of_failed()
    assert told.run.log[0] == "line 31"
    assert len(told.run.log) == 20
    assert [node.state for node in told.run.nodes] == ["done", "failed", "skipped"]
    assert "error: Trainer: the loss is not finite" in screen


class AnyRun(dict[str, str]):
    """The log of the pod that fails, whichever the run."""

    def __init__(self, api, text):
        self._api, self._text = api, text

    def __contains__(self, pod):
        return pod in [progress.pod_of_failed() for progress in self._api.progress.values()]

    def __getitem__(self, pod):
        return self._text


def test_a_pod_whose_log_the_server_does_not_give_is_named(api, submit):
    api.plan.driver_fails = "trainer"

    code, told, screen = submit(wait=True)

    pod = only(api.progress).pod_of_failed()
    assert code == ServerExit.RUN_FAILED
    assert told.error == "Trainer: its pod failed"
    assert f"kubectl logs --namespace kubeflow --container main {pod}" in screen


def test_a_canceled_run_has_not_succeeded(api, submit):
    api.plan.canceled_after = 1

    code, told, _ = submit(wait=True)

    assert (code, told.run.state) == (ServerExit.RUN_FAILED, "canceled")
    assert told.error == "the run was canceled"


def test_waiting_outlasts_a_server_that_is_away_for_a_while(api, submit):
    api.fault = Fault(503, "upstream connect error", "text/plain", at="/runs/", times=3)

    code, told, _ = submit(wait=True)

    assert (code, told.run.state) == (ExitCode.BLESSED, "succeeded")
    assert api.fault.times == 0


def test_waiting_ends_when_a_server_stays_away(api, submit, monkeypatch):
    monkeypatch.setattr(waiting, "_PATIENCE", 0.1)
    api.fault = Fault(503, "upstream connect error", "text/plain", at="/runs/")

    with pytest.raises(ServerError, match=r"the server failed \(503\): upstream connect error"):
        submit(wait=True)


def test_parameters_are_checked_against_the_pipeline(api, submit):
    with pytest.raises(SpecError) as raised:
        submit(params=("step=5", "steps=many", "steps", "data=a", "data=b"))

    assert raised.value.problems == (
        "--param step: no such parameter; did you mean 'steps'? Parameters: data, steps",
        "--param steps: got 'many', expected a whole number",
        "--param steps: expected name=value, for example steps=200",
        "--param data: is given twice",
    )
    assert not api.pipelines


def test_what_the_server_refuses_of_a_pipeline_is_told_in_its_words(api, submit):
    package = Package(pipeline_yaml().replace("schemaVersion: 2.1.0", "schemaVersion: 2.0.0"))

    with pytest.raises(ServerError, match=r"refused \(400\): .*takes '2.1.0' only") as raised:
        submit(package)

    assert raised.value.code == ExitCode.BAD_SPEC


def test_a_spec_is_compiled_and_run_and_told_as_json(api, capsys):
    order = Order(host=api.url, params=("steps=20",), wait=True, as_json=True)

    code = submit_command(SPEC, (KUBEFLOW,), order, every=0.01)

    told = json.loads(capsys.readouterr().out)
    run = only(api.runs)
    assert (code, told["outcome"], told["error"]) == (ExitCode.BLESSED, "succeeded", None)
    assert told["run"]["run"] == run["run_id"]
    assert told["run"]["link"] == f"{api.url}/#/runs/details/{run['run_id']}"
    assert "TableExampleGen" in [node["name"] for node in told["run"]["nodes"]]
    assert {node["state"] for node in told["run"]["nodes"]} == {"done"}
    assert run["runtime_config"]["pipeline_root"] == "minio://mlpipeline/headrace"
    assert run["service_account"] == "trainer"


def test_a_login_that_ends_while_waiting_leaves_the_run_and_says_so(api, capsys):
    api.fault = Fault(401, at="/runs/")  # of a look at a run, not of its start

    code = submit_command(SPEC, (KUBEFLOW,), Order(host=api.url, wait=True), every=0.01)

    screen = capsys.readouterr().out
    assert code == ServerExit.UNREACHABLE
    assert "it refuses the login (401)" in screen
    assert f"The run goes on. Look at it: headrace status {only(api.runs)['run_id']}" in screen


def test_a_spec_without_a_table_of_kubeflow_is_refused_before_anything_is_sent(api, capsys):
    code = submit_command(SPEC, (), Order(host=api.url, as_json=True))

    told = json.loads(capsys.readouterr().out)
    assert code == ExitCode.BAD_SPEC
    assert "Add [kubeflow] with an image and a volume" in told["error"]
    assert not api.pipelines


def test_ctrl_c_while_waiting_leaves_the_run_going(api):
    api.plan.stuck_after = 1
    program = (
        "import signal; from pipeline.cli import main;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # background jobs ignore it
        "main()"
    )
    arguments = ["submit", SPEC, "--set", KUBEFLOW, "--host", api.url, "--wait"]
    command = [sys.executable, "-c", program, *arguments]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = iter(process.stdout.readline, "")
            next(line for line in lines if " done " in line)  # of the first stage
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=30)[0]
        finally:
            process.kill()

    assert process.returncode == ExitCode.INTERRUPTED
    assert f"The run goes on. Look at it: headrace status {only(api.runs)['run_id']}" in rest
    assert "Traceback" not in rest


@pytest.mark.parametrize("command", ["submit", "status"])
def test_help_lists_the_exit_codes(command):
    text = CliRunner().invoke(main, [command, "--help"]).output

    listed = [line.split()[0] for line in text[text.index("Exit codes:") :].splitlines()[1:]]
    own = {str(code.value) for code in ServerExit}
    assert set(listed) & own == (own if command == "submit" else {"6"})
