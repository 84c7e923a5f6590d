"""How a training is spread over the devices of a machine, and what is refused."""

import pathlib

import pytest

from modules.errors import SpecError
from modules.spec.training import Training
from modules.training import cluster
from modules.training.input import Share
from modules.training.server import serve
from modules.training.strategy import spread

pytestmark = pytest.mark.timeout(900)  # as in test_keras_mend.py

SCRIPT = pathlib.Path(__file__).with_name("replica_cases.py")


@pytest.fixture(scope="module")
def replicas(group):
    """What one replica and two make of the cases."""
    return group(SCRIPT, 1)[0]


def test_without_a_strategy_there_is_one_replica_that_writes_and_sees_all():
    shared = spread(Training(batch_size=7))

    assert (shared.replicas, shared.is_chief) == (1, True)
    assert shared.batches(lambda share: share) == Share()


@pytest.mark.parametrize(
    ("strategy", "who"), [("multi_worker", "worker"), ("parameter_server", "process")]
)
def test_several_processes_without_tf_config_are_refused(monkeypatch, strategy, who):
    monkeypatch.delenv("TF_CONFIG", raising=False)

    with pytest.raises(
        SpecError,
        match=rf"^training.strategy: {strategy} needs TF_CONFIG in the environment of each "
        rf"{who}; the Trainer sets it when it starts them$",
    ):
        spread(Training(strategy=strategy))


@pytest.mark.parametrize("kind", ["chief", "worker"])
def test_parameter_servers_need_a_cluster_that_has_them(monkeypatch, kind):
    addresses = {"chief": ["a:1"], "worker": ["b:1"]}
    found = next(one for one in cluster.members(addresses) if one.kind == kind)
    monkeypatch.setenv("TF_CONFIG", found.as_json())
    take = {
        "chief": lambda: spread(Training(strategy="parameter_server")),
        "worker": lambda: serve(found),
    }

    with pytest.raises(
        SpecError,
        match=r"^TF_CONFIG: cluster: got addresses of chief, worker, expected those of chief, "
        r"worker, ps$",
    ):
        take[kind]()


def test_multi_worker_with_a_wrong_tf_config_is_refused(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{}")

    with pytest.raises(SpecError, match=r"^TF_CONFIG: cluster is None, expected an object"):
        spread(Training(strategy="multi_worker"))


def test_a_tpu_that_is_not_there_is_told(monkeypatch):
    monkeypatch.delenv("TPU_NAME", raising=False)

    with pytest.raises(
        SpecError,
        match=r"^training.strategy: tpu, but this machine reaches none \(.+\)\. "
        r"Set TPU_NAME, or take the strategy 'none', 'mirrored' or 'multi_worker'$",
    ):
        spread(Training(strategy="tpu"))


def test_a_batch_that_replicas_cannot_share_equally_is_refused_with_two_that_they_can(replicas):
    # 7 = 3 * 2 + 1
    assert replicas["refused"] == [
        "training.batch_size: 7 examples do not divide among 2 replicas: shares must be equal, "
        "so that every example counts alike. Take 6 or 8"
    ]


@pytest.mark.parametrize("case", ["plain", "clipped"])
def test_two_replicas_end_with_the_weights_and_metrics_of_one(replicas, case):
    one, two = replicas[case]

    assert (one["replicas"], two["replicas"]) == (1, 2)
    assert one["steps"] == two["steps"] == 50
    assert two["weights"] == pytest.approx(one["weights"], abs=1e-5)
    assert two["metrics"] == pytest.approx(one["metrics"], abs=1e-5)
    assert two["norm"] == pytest.approx(one["norm"], abs=1e-5)


def test_two_replicas_watch_rows_that_they_cannot_share_equally(replicas):
    one, two = replicas["unequal"]

    assert two["metrics"] == pytest.approx(one["metrics"], abs=1e-5)
