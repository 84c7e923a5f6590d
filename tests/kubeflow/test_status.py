"""`headrace status` against a server on a loopback port."""

import json

import pytest

from pipeline.failure import ExitCode
from pipeline.kubeflow.client.pods import pod
from pipeline.kubeflow.client.refusals import ServerExit
from pipeline.kubeflow.client.status import status_command
from tests.kubeflow.kfp_api import Fault
from tests.kubeflow.test_submit import only


@pytest.fixture
def status(api, capsys):
    """The exit code and what is printed."""

    def status(run=None, as_json=False, namespace=None):
        code = status_command(run, api.url, namespace, as_json)
        return code, capsys.readouterr().out

    return status


def test_the_latest_runs_are_listed_the_newest_first(submit, status):
    names = [f"run {n}" for n in range(12)]
    for name in names:
        submit(run_name=name)

    code, screen = status()

    assert code == ExitCode.BLESSED
    assert [line.rpartition("  ")[2] for line in screen.splitlines()] == names[:1:-1]
    assert "pending" in screen


def test_without_runs_it_says_how_to_start_one(status):
    assert status() == (ExitCode.BLESSED, "No runs yet; `headrace submit SPEC` starts one\n")


def test_a_run_shows_its_stages_in_order_and_those_to_come(api, submit, status):
    api.plan.stuck_after = 1
    run = submit()[1].run.run
    status(run)  # each look lets a stage end

    code, screen = status(run)

    first, *stages, link = screen.splitlines()
    assert code == ExitCode.BLESSED
    assert ": running, " in first
    assert [line.split()[:2] for line in stages] == [
        ["TableExampleGen", "done"],
        ["Trainer", "running"],
        ["Pusher", "waiting"],
    ]
    assert link == f"{api.url}/#/runs/details/{run}"


def test_a_failed_run_tells_why(api, submit, status):
    api.plan.fails = "trainer"
    run = submit(wait=True)[1].run.run
    api.logs[only(api.progress).pod_of_failed()] = "step 1\nheadrace: the disk is full\n"

    code, screen = status(run)
    _, told = status(run, as_json=True)

    assert code == ExitCode.BLESSED
    assert "error: Trainer: the disk is full\n" in screen
    assert "  step 1\n" in screen
    told = json.loads(told)
    assert (told["state"], told["seconds"]) == ("failed", 20)
    assert told["error"] == "Trainer: the disk is full"
    assert told["log"] == ["step 1", "headrace: the disk is full"]
    assert [node["state"] for node in told["nodes"]] == ["done", "failed", "skipped"]


def test_a_run_whose_pipeline_is_gone_shows_its_tasks(api, submit, status):
    run = submit(wait=True)[1].run.run
    api.versions.clear()

    _, screen = status(run)

    assert [line.split()[:2] for line in screen.splitlines()[1:-1]] == [
        ["table-example-gen", "done"],
        ["trainer", "done"],
        ["pusher", "done"],
    ]


def test_a_run_that_is_not_there_is_a_fault_of_the_command_line(api, status):
    code, screen = status("no-such-run")

    assert code == ExitCode.BAD_SPEC
    assert screen == (
        f"error: {api.url}: no run 'no-such-run'. `headrace status` lists the latest\n"
    )


def test_a_refusal_is_json_where_json_is_asked_for(api, status):
    api.fault = Fault.login_page()

    code, screen = status(as_json=True)

    assert code == ServerExit.UNREACHABLE
    assert "a login page" in json.loads(screen)["error"]


def test_pods_are_named_as_argo_names_them():
    # The ids of github.com/argoproj/argo-workflows issues 4188 and 5251 are such hashes of
    # dag-diamond-sf8vp-dxnjn.D and ci-n7gdl.task7(0:context:A).task2(4:context:E).
    from pipeline.kubeflow.client.pods import _hash

    assert _hash("dag-diamond-sf8vp-dxnjn.D") == 76421755
    assert _hash("ci-n7gdl.task7(0:context:A).task2(4:context:E)") == 951919243


def test_a_pod_that_cannot_be_told_is_not_guessed():
    assert pod("trainer", []) is None
    assert pod("trainer", ["flights-x0-123"]) is None
