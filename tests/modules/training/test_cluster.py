"""TF_CONFIG, as people write it, and what they are told when it is wrong."""

import json
import socket

import pytest

from modules.errors import SpecError
from modules.training import cluster

TWO = ["10.0.0.1:2222", "10.0.0.2:2222"]
WORKER_0 = {"type": "worker", "index": 0}


@pytest.fixture
def problems(monkeypatch):
    """What is said of a value of TF_CONFIG."""

    def problems(value):
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv("TF_CONFIG", text)
        with pytest.raises(SpecError) as raised:
            cluster.from_environment()
        return list(raised.value.problems)

    return problems


@pytest.fixture
def read(monkeypatch):
    """The cluster of a value of TF_CONFIG."""

    def read(value):
        monkeypatch.setenv("TF_CONFIG", json.dumps(value))
        return cluster.from_environment()

    return read


@pytest.mark.parametrize("value", [None, ""])
def test_without_tf_config_there_is_no_cluster(monkeypatch, value):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if value is not None:
        monkeypatch.setenv("TF_CONFIG", value)

    assert cluster.from_environment() is None


def test_the_first_worker_is_the_chief_where_there_is_none(read):
    first, second = (
        read({"cluster": {"worker": TWO}, "task": {"type": "worker", "index": index}})
        for index in (0, 1)
    )

    assert (first.is_chief, second.is_chief) == (True, False)
    assert (second.kind, second.index, second.addresses) == ("worker", 1, {"worker": TWO})


def test_the_chief_is_the_chief(read):
    of = {"chief": ["10.0.0.9:2222"], "worker": TWO}

    chief = read({"cluster": of, "task": {"type": "chief", "index": 0}})
    worker = read({"cluster": of, "task": WORKER_0})

    assert (chief.is_chief, worker.is_chief) == (True, False)


def test_what_the_launcher_writes_is_read_back(monkeypatch):
    for written in cluster.members({"chief": ["10.0.0.9:2222"], "worker": TWO}):
        monkeypatch.setenv("TF_CONFIG", written.as_json())

        assert cluster.from_environment() == written


def test_each_process_is_called_by_its_kind_and_place():
    named = cluster.members({"chief": ["a:1"], "worker": TWO, "ps": ["b:1"]})

    assert [member.name for member in named] == [
        "chief",
        "worker 0",
        "worker 1",
        "parameter server 0",
    ]


def test_a_cluster_of_other_kinds_than_are_needed_is_refused():
    with pytest.raises(
        SpecError,
        match=r"^TF_CONFIG: cluster: got addresses of worker, expected those of chief, worker, ps$",
    ):
        cluster.members({"worker": TWO})[0].check_kinds("chief", "worker", "ps")


def test_text_that_is_no_json_is_quoted(problems):
    (problem,) = problems("{'cluster': {}}")

    assert problem.startswith("TF_CONFIG: not valid JSON: Expecting property name")
    assert problem.endswith('''Got "{'cluster': {}}"''')


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1], ["TF_CONFIG: got list, expected an object with cluster and task"]),
        ("3", ["TF_CONFIG: got int, expected an object with cluster and task"]),
        (
            {"cluster": TWO, "task": None},
            [
                f"TF_CONFIG: cluster is {TWO!r}, expected an object",
                "TF_CONFIG: task is None, expected an object",
            ],
        ),
        ({"cluster": {"worker": TWO}}, ["TF_CONFIG: task is None, expected an object"]),
    ],
)
def test_what_is_no_cluster_and_task_is_told(problems, value, expected):
    assert problems(value) == expected


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (
            {"worker": TWO, "workers": TWO},
            "cluster.workers: expected one of chief, worker, ps, evaluator; did you mean 'worker'?",
        ),
        (
            {"worker": ["10.0.0.1:2222", "http://b:2222"]},
            "cluster.worker: got 'http://b:2222', expected host:port",
        ),
        ({"worker": ["a"]}, "cluster.worker: got 'a', expected host:port"),
        ({"worker": [1]}, "cluster.worker: got 1, expected host:port"),
        ({"worker": TWO, "ps": []}, "cluster.ps: got [], expected a list of host:port"),
        (
            {"worker": TWO, "chief": "a:1"},
            "cluster.chief: got 'a:1', expected a list of host:port",
        ),
    ],
)
def test_a_wrong_cluster_is_told(problems, of, expected):
    assert problems({"cluster": of, "task": WORKER_0}) == [f"TF_CONFIG: {expected}"]


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ({"index": 0}, "task.type: got None, expected one of the cluster's: worker"),
        (
            {"type": "wroker", "index": 0},
            "task.type: got 'wroker', expected one of the cluster's: worker; "
            "did you mean 'worker'?",
        ),
        (
            {"type": ["worker"], "index": 0},
            "task.type: got ['worker'], expected one of the cluster's: worker",
        ),
        (
            {"type": "worker", "index": 2},
            "task.index: got 2, expected 0 to 1: there are 2 workers",
        ),
        (
            {"type": "worker", "index": -1},
            "task.index: got -1, expected 0 to 1: there are 2 workers",
        ),
        (
            {"type": "worker", "index": "0"},
            "task.index: got '0', expected 0 to 1: there are 2 workers",
        ),
        (
            {"type": "worker", "index": True},
            "task.index: got True, expected 0 to 1: there are 2 workers",
        ),
        ({"type": "worker"}, "task.index: got None, expected 0 to 1: there are 2 workers"),
    ],
)
def test_a_wrong_task_is_told(problems, task, expected):
    assert problems({"cluster": {"worker": TWO}, "task": task}) == [f"TF_CONFIG: {expected}"]


def test_an_empty_cluster_is_told(problems):
    assert problems({"cluster": {}, "task": WORKER_0}) == [
        "TF_CONFIG: cluster: got {}, expected addresses of chief, worker, ps or evaluator"
    ]


def test_everything_that_is_wrong_is_told_at_once(problems):
    of = {"worker": ["a:1", "b"], "cheif": ["c:1"]}

    found = problems({"cluster": of, "task": {"type": "worker", "index": 7}})

    assert found == [
        "TF_CONFIG: cluster.worker: got 'b', expected host:port",
        "TF_CONFIG: cluster.cheif: expected one of chief, worker, ps, evaluator; "
        "did you mean 'chief'?",
        "TF_CONFIG: task.index: got 7, expected 0 to 1: there are 2 workers",
    ]


def test_a_port_on_which_another_program_listens_is_refused():
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(
            SpecError,
            match=rf"^TF_CONFIG: worker 1 cannot listen on me:{port}: Address already in use. Name "
            r"a free port$",
        ):
            cluster.members({"worker": ["peer:20000", f"me:{port}"]})[1].check_port()

    cluster.members({"worker": ["peer:20000", f"me:{port}"]})[1].check_port()  # now it is free
