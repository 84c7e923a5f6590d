"""What a launch on a cluster says when it cannot be, and that it leaves nothing behind then."""

import pytest
from tfx.components.trainer.fn_args_utils import FnArgs

from modules.errors import SpecError
from modules.spec.workers import Workers
from modules.training.job import Job
from modules.training.kubernetes.api import ClusterError
from modules.training.kubernetes.launch import Launch, launch
from modules.training.kubernetes.manifests import FINGERPRINT
from modules.training.run import run_fn
from tests.kubeflow.api.cluster import IDLE, MISSING, cluster
from tests.kubeflow.api.jobs import bare
from tests.kubeflow.api.launches import assert_nothing_is_left, launched, names
from tests.modules.training.workers import wait_for

pytestmark = pytest.mark.timeout(900)  # every pod that trains imports TensorFlow


@pytest.fixture
def found(tmp_path, monkeypatch):
    """A cluster that this process may launch on, as the pod `launcher`."""
    with cluster(tmp_path) as found:
        for name, value in found.add_launcher("launcher").items():
            monkeypatch.setenv(name, value)
        yield found


def test_a_name_that_something_else_has_is_not_touched(found, tmp_path):
    job = bare(found, tmp_path / "out", image=IDLE)
    name = Launch.of(job).group.name
    with launched(job, found):
        wait_for(lambda: len(found.running()) == 2)
        before = found.running()
        changed = Workers.model_validate(job.cluster.model_dump() | {"cpu": "3"})

        with pytest.raises(
            ClusterError,
            match=rf"^kubeflow.workers: jobs '{name}' is there already in namespace 'team', made "
            rf"for something else: {FINGERPRINT} is '\w+', expected '\w+'. If nobody needs it: "
            rf"kubectl delete jobs {name} -n team$",
        ):
            launch(job.model_copy(update={"cluster": changed}))

        assert found.running() == before


def test_the_step_launches_on_the_cluster_that_its_settings_describe(found, tmp_path):
    job = bare(found, tmp_path / "out", image=IDLE)
    found.rules.quota["count/jobs.batch"] = 0
    fn_args = FnArgs(
        train_files=list(job.train),
        eval_files=list(job.valid),
        transform_output=job.transform,
        serving_model_dir=job.model,
        model_run_dir=job.run,
        custom_config={
            "spec": job.spec.model_dump_json(),
            "folder": job.folder,
            "cluster": job.cluster.model_dump_json(),
        },
    )

    with pytest.raises(ClusterError, match="exceeded quota"):
        run_fn(fn_args)


def test_a_refusal_by_the_quota_is_told_and_leaves_nothing(found, tmp_path):
    found.rules.quota["count/jobs.batch"] = 0

    with pytest.raises(
        ClusterError,
        match=r"^kubeflow.workers: the cluster refused to create jobs in namespace 'team': "
        r'jobs.batch "headrace-\w+" is forbidden: exceeded quota: team, requested: .*'
        r"Lower training.workers or kubeflow.workers.cpu, memory or gpus, or have the quota "
        r"raised$",
    ):
        launch(bare(found, tmp_path / "out", image=IDLE))

    assert_nothing_is_left(found)


def test_pods_that_the_quota_does_not_allow_are_told_when_they_are_late(found, tmp_path):
    found.rules.quota["pods"] = 2  # the launcher and one worker

    with pytest.raises(
        ClusterError,
        match=r"^kubeflow.workers.startup_seconds: after 2 seconds 1 of 2 workers do not run: "
        r"worker 1: the cluster makes no pod for it: FailedCreate: Error creating: pods .* "
        r"exceeded quota",
    ):
        launch(bare(found, tmp_path / "out", image=IDLE, startup_seconds=2))

    assert_nothing_is_left(found)


@pytest.mark.parametrize(
    ("verb", "what", "rule"),
    [
        ("create", "jobs", '{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"]}'),
        (
            "create",
            "services",
            '{"apiGroups": [""], "resources": ["services"], "verbs": ["create"]}',
        ),
        ("list", "pods", '{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}'),
    ],
)
def test_a_missing_right_is_told_as_the_rule_to_add(found, tmp_path, verb, what, rule):
    found.rules.forbidden.add((verb, what))

    with pytest.raises(ClusterError) as raised:
        launch(bare(found, tmp_path / "out", image=IDLE))

    text = str(raised.value)
    assert text.startswith(f"kubeflow.workers: the cluster refused to {verb} {what} in namespace")
    assert text.endswith(f"Add to the Role of this pod's service account: {rule}")
    assert names(found, "jobs") == names(found, "services") == []


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (
            {"image": MISSING},
            rf'ImagePullBackOff: Back-off pulling image "{MISSING}": manifest unknown',
        ),
        (
            {"image": IDLE, "gpus": 1},
            r"Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
        ),
    ],
    ids=["image", "gpu"],
)
def test_pods_that_stay_pending_are_told_with_the_reason_of_each(found, tmp_path, settings, reason):
    with pytest.raises(
        ClusterError,
        match=r"^kubeflow.workers.startup_seconds: after 1 seconds 2 of 2 workers do not run: "
        rf"worker 0 \(pod headrace-\w+-0-\w+\): {reason}; "
        rf"worker 1 \(pod headrace-\w+-1-\w+\): {reason}$",
    ):
        launch(bare(found, tmp_path / "out", startup_seconds=1, **settings))

    assert_nothing_is_left(found)


def test_a_claim_that_is_not_there_is_told_before_anything_is_made(found, tmp_path):
    volume = {"claim": "shraed", "path": str(found.shared)}

    with pytest.raises(
        SpecError,
        match=r"^kubeflow.volume.claim: no PersistentVolumeClaim 'shraed' in namespace "
        r"'team'. Create it, with the access mode ReadWriteMany$",
    ):
        launch(bare(found, tmp_path / "out", image=IDLE, volume=volume))

    assert_nothing_is_left(found)


def test_a_claim_that_this_pod_may_not_look_at_is_told_by_the_pods(found, tmp_path):
    found.rules.forbidden.add(("get", "persistentvolumeclaims"))
    volume = {"claim": "shraed", "path": str(found.shared)}

    with pytest.raises(ClusterError, match='persistentvolumeclaim "shraed" not found'):
        launch(bare(found, tmp_path / "out", image=IDLE, volume=volume, startup_seconds=1))


def test_a_volume_that_is_not_mounted_in_this_pod_is_told(found, tmp_path):
    volume = {"claim": "shared", "path": str(tmp_path / "elsewhere")}

    with pytest.raises(
        SpecError, match=r"^kubeflow.volume.path: no folder .*elsewhere in this pod"
    ):
        launch(bare(found, tmp_path / "out", image=IDLE, volume=volume))


def test_a_training_that_takes_too_long_is_given_up(found, tmp_path):
    with pytest.raises(
        ClusterError,
        match=r"^kubeflow.workers.active_seconds: the training was given up after 1 seconds\.",
    ):
        launch(bare(found, tmp_path / "out", image=IDLE, active_seconds=1))

    assert_nothing_is_left(found)


def test_an_api_that_cannot_be_reached_is_told_with_its_address(found, tmp_path, monkeypatch):
    config = tmp_path / "unreachable"
    text = (found.folder / "kubeconfig").read_text("utf-8")
    config.write_text(text.replace(found.host, "http://127.0.0.1:9"), "utf-8")
    monkeypatch.setenv("KUBECONFIG", str(config))

    with pytest.raises(
        ClusterError,
        match=r"^kubeflow.workers: the Kubernetes API at http://127.0.0.1:9 cannot be reached: "
        r".*Connection refused",
    ):
        launch(bare(found, tmp_path / "out", image=IDLE))


def test_a_token_that_is_not_accepted_is_told(found, tmp_path, monkeypatch):
    config = tmp_path / "stranger"
    text = (found.folder / "kubeconfig").read_text("utf-8")
    config.write_text(text.replace("the-token", "another"), "utf-8")
    monkeypatch.setenv("KUBECONFIG", str(config))

    with pytest.raises(ClusterError, match="The token of this pod's service account is not accept"):
        launch(bare(found, tmp_path / "out", image=IDLE))


def test_outside_of_a_pod_and_without_kubeconfig_it_is_told_what_to_do(
    found, tmp_path, monkeypatch
):
    monkeypatch.delenv("KUBECONFIG")

    with pytest.raises(ClusterError, match=r"Run this step in a pod .*, or set KUBECONFIG$"):
        launch(bare(found, tmp_path / "out", image=IDLE))


def test_parameter_servers_do_not_train_on_pods(found, tmp_path):
    made = bare(found, tmp_path / "out", image=IDLE).model_dump()
    made["spec"]["training"]["strategy"] = "none"

    with pytest.raises(SpecError, match=r"^training.strategy: got 'none', expected 'multi_worker'"):
        launch(Job.model_validate(made))
