"""What the cluster is asked for: as its schemas want it, and as a training needs it."""

import copy

import pydantic
import pytest
from kubernetes_validate import utils

from modules.spec.workers import Workers
from modules.training.kubernetes import manifests, trainjob
from modules.training.kubernetes.contract import REFUSED
from modules.training.kubernetes.manifests import Group
from tests.kubeflow.api import admission
from tests.kubeflow.api.status import Refusal

VERSIONS = [
    version
    for version in dict.fromkeys(map(utils.major_minor, utils.all_versions()))
    if tuple(map(int, version.split("."))) >= (1, 29)
]
PLAIN = {"image": "registry.example/headrace:1", "volume": {"claim": "shared", "path": "/shared"}}
RICH = PLAIN | {
    "volume": {"claim": "shared", "path": "/data", "sub_path": "trainings"},
    "service_account": "trainer",
    "cpu": "1500m",
    "memory": "16Gi",
    "gpus": 2,
    "node_selector": {"pool": "gpu"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "image_pull_secrets": ["registry"],
    "env": {"NCCL_DEBUG": "INFO"},
    "env_from_secrets": {"TOKEN": {"secret": "store", "key": "token"}},
    "port": 3333,
}


def group(given=PLAIN, **changed):
    settings = {
        "name": "headrace-0123456789ab",
        "namespace": "team",
        "count": 3,
        "max_restarts": 2,
        "job_file": "/shared/headrace-0123456789ab/job.json",
        "user": 1000,
    }
    return Group(workers=Workers.model_validate(given), **settings | changed)


def job(given=PLAIN, **changed):
    return manifests.job(group(given, **changed), "f" * 64)


def pod(given=PLAIN):
    return job(given)["spec"]["template"]["spec"]


def container(given=PLAIN):
    (found,) = pod(given)["containers"]
    return found


def environment(given=PLAIN):
    return {one["name"]: one.get("value") for one in container(given)["env"]}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("given", [PLAIN, RICH], ids=["plain", "rich"])
def test_servers_of_these_versions_take_the_manifests(version, given):
    admission.check(manifests.service(group(given), "f" * 64), version)
    admission.check(job(given), version)


def test_the_check_of_these_tests_finds_what_no_schema_does():
    wrong = copy.deepcopy(job())
    wrong["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    wrong["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] = [0]

    with pytest.raises(Refusal) as raised:
        admission.check(wrong, VERSIONS[-1])

    text = str(raised.value)
    assert "restartPolicy: Required value: valid values: OnFailure, Never" in text
    assert "must not be 0 for the In operator" in text


@pytest.mark.parametrize("version", VERSIONS)
def test_a_key_that_the_server_does_not_know_is_refused(version):
    wrong = job()
    wrong["spec"]["podFailurePolicies"] = wrong["spec"].pop("podFailurePolicy")

    with pytest.raises(Refusal, match="podFailurePolicies"):
        admission.check(wrong, version)


def test_all_workers_start_together_and_each_has_a_place():
    spec = job()["spec"]

    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 3, 3)
    assert pod()["restartPolicy"] == "Never"  # else a pod keeps its place and its exit code is lost


def test_the_service_makes_the_host_names_known_that_the_workers_are_told():
    service = manifests.service(group(), "f" * 64)
    template = job()["spec"]["template"]

    # Pod i of an Indexed Job has the host name <job>-i, in the domain of its subdomain's Service.
    assert service["metadata"]["name"] == template["spec"]["subdomain"] == job()["metadata"]["name"]
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True  # peers are looked up before
    assert environment()["WORKER_HOST_TEMPLATE"] == (
        "headrace-0123456789ab-{index}.headrace-0123456789ab.team.svc:2222"
    )
    assert environment()["NUM_WORKERS"] == "3"


def test_a_crash_counts_once_for_each_worker_that_it_takes_along():
    assert job()["spec"]["backoffLimit"] == 6  # 2 restarts of 3 workers
    assert job(max_restarts=0)["spec"]["backoffLimit"] == 0
    assert "backoffLimitPerIndex" not in job()["spec"]


def test_a_mistake_fails_the_job_and_a_drained_node_does_not_count():
    assert job()["spec"]["podFailurePolicy"]["rules"] == [
        {
            "action": "FailJob",
            "onExitCodes": {
                "containerName": container()["name"],
                "operator": "In",
                "values": [REFUSED],
            },
        },
        {
            "action": "Ignore",
            "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
        },
    ]


def test_the_job_ends_and_goes_by_itself():
    spec = job(PLAIN | {"active_seconds": 50, "ttl_seconds": 70})["spec"]

    assert (spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (50, 70)


def test_a_pod_can_do_nothing_but_train():
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "fsGroup": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_what_a_worker_writes_to_is_mounted():
    mounts = {mount["mountPath"]: mount["name"] for mount in container()["volumeMounts"]}
    volumes = {volume.pop("name"): volume for volume in pod()["volumes"]}

    assert volumes[mounts["/dev/shm"]]["emptyDir"]["medium"] == "Memory"
    assert volumes[mounts["/shared"]] == {"persistentVolumeClaim": {"claimName": "shared"}}
    assert volumes[mounts[environment()["HOME"]]] == {"emptyDir": {}}
    assert volumes[mounts[environment()["TMPDIR"]]] == {"emptyDir": {}}
    assert environment()["TERMINATION_MESSAGE_PATH"] == container()["terminationMessagePath"]
    assert container()["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_no_sidecar_keeps_the_pods_from_ending():
    metadata = job()["spec"]["template"]["metadata"]

    assert metadata["annotations"]["sidecar.istio.io/inject"] == "false"
    assert metadata["labels"]["sidecar.istio.io/inject"] == "false"


def test_a_worker_gets_exactly_what_it_asks_for():
    resources = container(RICH)["resources"]

    assert resources["limits"] == {"cpu": "1500m", "memory": "16Gi", "nvidia.com/gpu": "2"}
    assert resources["requests"] == resources["limits"]
    assert environment(RICH)["TF_NUM_INTRAOP_THREADS"] == "1"  # whole processors of 1.5
    assert "nvidia.com/gpu" not in container(PLAIN)["resources"]["limits"]


def test_the_settings_of_the_cluster_reach_the_pods():
    found = pod(RICH)
    mount = next(one for one in container(RICH)["volumeMounts"] if one["name"] == "shared")
    secret = next(one for one in container(RICH)["env"] if one["name"] == "TOKEN")

    assert found["serviceAccountName"] == "trainer"
    assert found["nodeSelector"] == {"pool": "gpu"}
    assert found["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    ]
    assert found["imagePullSecrets"] == [{"name": "registry"}]
    assert mount == {"name": "shared", "mountPath": "/data", "subPath": "trainings"}
    assert secret["valueFrom"] == {"secretKeyRef": {"name": "store", "key": "token"}}
    assert environment(RICH)["NCCL_DEBUG"] == "INFO"
    assert environment(RICH)["WORKER_HOST_TEMPLATE"].endswith(":3333")


@pytest.mark.parametrize("backend", ["job", "trainjob"])
def test_the_host_name_of_each_of_a_thousand_workers_is_a_dns_label(backend):
    made = group(PLAIN | {"backend": backend}, count=1000)

    assert len(made.name) <= 57
    assert len(f"{made.job_name}-999") <= 63


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"env": {"TF_CONFIG": "{}"}}, "TF_CONFIG is said to the workers by the Trainer"),
        (
            {"env": {"A": "1"}, "env_from_secrets": {"A": {"secret": "s", "key": "k"}}},
            "A is in env and in env_from_secrets; keep one of the two",
        ),
        ({"tolerations": [{"key": "gpu", "operator": "Exists", "value": "yes"}]}, "takes no value"),
        ({"tolerations": [{"value": "yes"}]}, "without a key the operator must be 'Exists'"),
        ({"cpu": "0"}, "cpu"),
        ({"memory": "0Gi"}, "memory"),
        ({"memory": "4 GB"}, "memory"),
        ({"volume": {"claim": "shared", "path": "shared"}}, "path"),
        ({"user": 0}, "user"),
    ],
)
def test_settings_that_no_cluster_takes_are_refused(given, problem):
    with pytest.raises(pydantic.ValidationError, match=problem):
        Workers.model_validate(PLAIN | given)


@pytest.mark.parametrize(
    ("cpu", "threads"), [("1", "1"), ("2.5", "2"), ("500m", "1"), ("0.5", "1")]
)
def test_threads_are_whole_processors(cpu, threads):
    assert environment(PLAIN | {"cpu": cpu})["TF_NUM_INTRAOP_THREADS"] == threads


TRAIN_JOB = RICH | {"backend": "trainjob"}


def test_a_train_job_has_the_same_pods_under_the_names_that_its_job_gives_them():
    made = trainjob.runtime(group(TRAIN_JOB), "f" * 64)
    (step,) = made["spec"]["template"]["spec"]["replicatedJobs"]
    same = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}}
    (found,) = step["template"]["spec"]["template"]["spec"]["containers"]
    values = {one["name"]: one.get("value") for one in found["env"]}

    admission.check(same | {"spec": step["template"]["spec"]}, VERSIONS[-1])
    # JobSet: pod <jobset>-<step>-0-<i> in the domain of the Service <jobset>.
    assert values["WORKER_HOST_TEMPLATE"] == (
        "headrace-0123456789ab-node-0-{index}.headrace-0123456789ab.team.svc:3333"
    )
    ours = container(RICH)
    del ours["env"], found["env"]
    assert found == ours
    assert found["name"] == "node"  # what Kubeflow Trainer looks for
    assert step["template"]["metadata"]["labels"] == {
        "trainer.kubeflow.org/trainjob-ancestor-step": "trainer"
    }


def test_a_train_job_refers_to_its_own_runtime():
    runtime, made = (
        make(group(TRAIN_JOB), "f" * 64) for make in (trainjob.runtime, trainjob.train_job)
    )

    assert made["spec"]["runtimeRef"] == {
        "apiGroup": "trainer.kubeflow.org",
        "kind": runtime["kind"],
        "name": runtime["metadata"]["name"],
    }
    assert made["spec"]["trainer"]["numNodes"] == runtime["spec"]["mlPolicy"]["numNodes"] == 3


def test_kubeflow_trainer_knows_every_key_of_a_train_job():
    models = pytest.importorskip("kubeflow_trainer_api.models")
    runtime, made = (
        make(group(TRAIN_JOB), "f" * 64) for make in (trainjob.runtime, trainjob.train_job)
    )

    # Its models drop what they do not know.
    assert models.TrainerV1alpha1TrainJob.from_dict(made).to_dict() == made
    assert models.TrainerV1alpha1TrainingRuntime.from_dict(runtime).to_dict() == runtime
