"""TF_CONFIG, made of what an Indexed Job tells its pods."""

import json

import pytest

from modules.errors import SpecError
from modules.training import cluster
from modules.training.kubernetes.peers import describe_cluster, place

POD = {
    "NUM_WORKERS": "3",
    "WORKER_HOST_TEMPLATE": "job-{index}.job.team.svc:2222",
    "JOB_COMPLETION_INDEX": "1",
}


def test_the_cluster_is_that_of_all_pods_seen_by_this_one(monkeypatch):
    environment = dict(POD)

    describe_cluster(environment)

    monkeypatch.setenv("TF_CONFIG", environment["TF_CONFIG"])
    found = cluster.from_environment()
    assert found.addresses == {"worker": [f"job-{index}.job.team.svc:2222" for index in range(3)]}
    assert (found.kind, found.index, found.is_chief) == ("worker", 1, False)


def test_a_tf_config_that_is_there_is_kept():
    environment = POD | {"TF_CONFIG": json.dumps({"cluster": {}})}

    describe_cluster(environment)

    assert environment == POD | {"TF_CONFIG": json.dumps({"cluster": {}})}


def test_where_there_are_no_workers_nothing_is_set():
    environment = {"JOB_COMPLETION_INDEX": "0"}  # an Indexed Job of somebody else's

    describe_cluster(environment)

    assert environment == {"JOB_COMPLETION_INDEX": "0"}


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        (
            {"NUM_WORKERS": "two", "JOB_COMPLETION_INDEX": ""},
            [
                "NUM_WORKERS: got 'two', expected a whole number",
                "JOB_COMPLETION_INDEX: got '', expected a whole number",
            ],
        ),
        (
            {"JOB_COMPLETION_INDEX": "3"},
            ["JOB_COMPLETION_INDEX: got 3, expected less than NUM_WORKERS, 3"],
        ),
    ],
)
def test_a_place_that_is_none_is_told(changed, problems):
    with pytest.raises(SpecError) as raised:
        place(POD | changed)

    assert list(raised.value.problems) == problems


@pytest.mark.parametrize("template", ["", "job-0.job:2222"])
def test_a_template_without_the_place_of_a_worker_is_told(template):
    with pytest.raises(
        SpecError,
        match=rf"^WORKER_HOST_TEMPLATE: got '{template}', expected host and port with \{{index\}}$",
    ):
        describe_cluster(POD | {"WORKER_HOST_TEMPLATE": template})
