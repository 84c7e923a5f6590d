"""The manifests: as the schemas want them, and as a cluster needs them."""

import pathlib

import kubernetes_validate
import pytest
from kubernetes_validate import utils

from modules.training.kubernetes import api
from modules.training.kubernetes import manifests as of_training
from tests.deploy.kustomize import DEPLOY, FOLDERS, kustomization, manifests, rendered

VERSIONS = [
    version
    for version in dict.fromkeys(map(utils.major_minor, utils.all_versions()))
    if tuple(map(int, version.split("."))) >= (1, 29)
]
EXAMPLE = DEPLOY / "overlays" / "example"
COMPONENTS = ("store", "gpu", "trainjob")


def everything():
    """All that can be applied: the example with every component, and the pod for data."""
    return rendered(EXAMPLE, *COMPONENTS) + rendered(DEPLOY / "data")


def one(kind, name, objects=None):
    (found,) = [
        body
        for body in objects or everything()
        if (body["kind"], body["metadata"]["name"]) == (kind, name)
    ]
    return found


def pods():
    """Name, labels and spec of each pod that a manifest describes."""
    for body in everything():
        if body["kind"] == "Pod":
            yield body["metadata"]["name"], body["metadata"]["labels"], body["spec"]
        elif "template" in body.get("spec", {}):
            template = body["spec"]["template"]
            yield body["metadata"]["name"], template["metadata"]["labels"], template["spec"]


PODS = [pytest.param(labels, spec, id=name) for name, labels, spec in pods()]


def allowed(role):
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_takes_every_manifest(version):
    for body in everything():
        kubernetes_validate.validate(body, version, strict=True)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(DEPLOY)))
def test_a_kustomization_lists_every_file_of_its_folder(folder):
    listed = set(kustomization(folder).get("resources", []))

    beside = {file.name for file in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert beside <= listed
    assert all((folder / name).exists() for name in listed)


def test_every_file_belongs_to_a_kustomization():
    assert {file.parent for file in DEPLOY.rglob("*.yaml")} == set(FOLDERS)


def test_the_example_names_every_component():
    text = (EXAMPLE / "kustomization.yaml").read_text(encoding="utf-8")

    for component in (DEPLOY / "components").iterdir():
        assert f"../../components/{component.name}" in text


def test_no_object_comes_twice():
    names = [(body["kind"], body["metadata"]["name"]) for body in everything()]

    assert len(names) == len(set(names))


def test_only_the_overlay_names_the_namespace():
    assert all("namespace" not in body["metadata"] for body in manifests())
    assert kustomization(EXAMPLE)["namespace"]


def test_no_manifest_holds_a_secret():
    assert not [body for body in everything() if body["kind"] == "Secret"]


@pytest.mark.parametrize(("labels", "spec"), PODS)
def test_a_pod_runs_as_nobody_in_particular(labels, spec):
    context = spec["securityContext"]

    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["runAsGroup"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)


@pytest.mark.parametrize(("labels", "spec"), PODS)
def test_a_pod_that_asks_no_api_has_no_token(labels, spec):
    assert spec["automountServiceAccountToken"] is False


@pytest.mark.parametrize(("labels", "spec"), PODS)
def test_a_container_can_change_nothing_but_its_volumes(labels, spec):
    for container in spec["containers"] + spec.get("initContainers", []):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize(("labels", "spec"), PODS)
def test_a_container_asks_for_what_it_takes_and_is_held_to_it(labels, spec):
    for container in spec["containers"]:
        for side in ("requests", "limits"):
            assert {"cpu", "memory", "ephemeral-storage"} <= set(container["resources"][side])


@pytest.mark.parametrize(("labels", "spec"), PODS)
def test_what_is_mounted_is_there(labels, spec):
    claims = {
        body["metadata"]["name"] for body in everything() if body["kind"] == "PersistentVolumeClaim"
    }
    volumes = {volume["name"]: volume for volume in spec["volumes"]}

    for container in spec["containers"]:
        assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    for volume in volumes.values():
        claim = volume.get("persistentVolumeClaim")
        assert claim is None or claim["claimName"] in claims


@pytest.mark.parametrize(("labels", "spec"), PODS)
def test_every_pod_is_behind_a_network_policy_in_both_directions(labels, spec):
    policies = [
        body["spec"]
        for body in everything()
        if body["kind"] == "NetworkPolicy"
        and body["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()
    ]

    assert [policy["policyTypes"] for policy in policies] == [["Ingress", "Egress"]]


def test_an_image_names_a_version():
    for folder in (DEPLOY / "data", DEPLOY / "serving"):
        images = {image["name"]: image for image in kustomization(folder)["images"]}
        for _, _, spec in pods_of(folder):
            for container in spec["containers"]:
                assert images[container["image"]]["newTag"] != "latest"


def pods_of(folder):
    ours = {body["metadata"]["name"] for body in rendered(folder)}
    return [pod for pod in pods() if pod[0] in ours]


@pytest.mark.parametrize("kind", ["Deployment", "Service", "PodDisruptionBudget"])
def test_what_selects_the_serving_pods_finds_them(kind):
    labels = one("Deployment", "headrace-serving")["spec"]["template"]["metadata"]["labels"]

    selector = one(kind, "headrace-serving")["spec"]["selector"]

    wanted = selector.get("matchLabels", selector)
    assert wanted
    assert wanted.items() <= labels.items()


def test_a_port_that_is_named_is_one_of_the_container():
    (container,) = one("Deployment", "headrace-serving")["spec"]["template"]["spec"]["containers"]
    known = {port["name"] for port in container["ports"]}

    service = {port["targetPort"] for port in one("Service", "headrace-serving")["spec"]["ports"]}
    policy = one("NetworkPolicy", "headrace-serving")["spec"]["ingress"][0]["ports"]

    assert service == {port["port"] for port in policy} == known
    assert container["readinessProbe"]["httpGet"]["port"] in known
    assert container["livenessProbe"]["tcpSocket"]["port"] in known


def test_serving_reads_the_folder_that_the_pusher_writes():
    from pipeline.kubeflow.settings import Kubeflow

    claim = one("PersistentVolumeClaim", "headrace")["metadata"]["name"]
    spec = one("Deployment", "headrace-serving")["spec"]["template"]["spec"]
    settings = Kubeflow(image="registry.example/headrace:1", volume={"claim": claim})

    (container,) = spec["containers"]
    mount = next(mount for mount in container["volumeMounts"] if mount["name"] == "versions")
    folder = pathlib.PurePosixPath(settings.serving_place("flights"))
    pushed = folder.relative_to(settings.volume.path)

    # <claim>/serving/flights, mounted from <claim>/serving at /models
    assert (
        f"--model_base_path={mount['mountPath']}/{pushed.relative_to(mount['subPath'])}"
        in (container["args"])
    )
    assert mount["readOnly"] is True


def test_the_volume_is_written_by_several_nodes():
    assert one("PersistentVolumeClaim", "headrace")["spec"]["accessModes"] == ["ReadWriteMany"]


def test_the_binding_gives_the_role_to_the_account():
    binding = one("RoleBinding", "headrace")

    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "headrace"}]
    assert one("ServiceAccount", binding["subjects"][0]["name"])
    assert one(binding["roleRef"]["kind"], binding["roleRef"]["name"])


def test_the_role_has_no_wildcard_and_reads_no_secret_that_it_does_not_name():
    rules = one("Role", "headrace")["rules"]

    for rule in rules:
        assert "*" not in rule["apiGroups"] + rule["resources"] + rule["verbs"]
        if {"secrets", "configmaps"} & set(rule["resources"]):
            assert rule["resourceNames"]
            assert rule["verbs"] == ["get"]


def test_the_role_allows_what_a_launch_asks_and_no_more_of_it():
    made = {"create", "get", "patch", "delete"}
    asked = {
        *((kind.group, kind.plural, verb) for kind in (api.JOBS, api.SERVICES) for verb in made),
        (api.PODS.group, api.PODS.plural, "list"),
        (api.PODS.group, f"{api.PODS.plural}/log", "get"),
        (api.EVENTS.group, api.EVENTS.plural, "list"),
        (api.CLAIMS.group, api.CLAIMS.plural, "get"),
    }

    given = allowed(one("Role", "headrace", rendered(EXAMPLE)))

    assert asked <= given
    writing = {(group, kind) for group, kind, verb in given if verb in made - {"get"}}
    assert writing == {
        ("batch", "jobs"),
        ("", "services"),
        ("argoproj.io", "workflowtaskresults"),
        ("argoproj.io", "workflowtasksets/status"),
    }


def test_a_component_adds_what_train_jobs_ask():
    role = one("Role", "headrace", rendered(EXAMPLE, "trainjob"))

    for kind in (api.TRAIN_JOBS, api.RUNTIMES):
        for verb in ("create", "get", "patch", "delete"):
            assert (kind.group, kind.plural, verb) in allowed(role)


def test_a_store_of_ones_own_has_a_key_that_the_role_may_read():
    import yaml

    objects = rendered(EXAMPLE, "store")
    told = yaml.safe_load(one("ConfigMap", "kfp-launcher", objects)["data"]["providers"])
    secret = told["minio"]["default"]["credentials"]["secretRef"]["secretName"]

    (rule,) = [
        rule for rule in one("Role", "headrace", objects)["rules"] if "secrets" in rule["resources"]
    ]

    assert secret in rule["resourceNames"]


def test_workers_of_a_training_are_behind_their_policy_and_reach_each_other():
    from modules.spec.workers import Workers

    workers = Workers.model_validate({"image": "headrace:1", "volume": {"claim": "headrace"}})
    group = of_training.Group("headrace-0", "team", workers, 2, 0, "/shared/job.json", 1000)
    labels = of_training.job(group, "f")["spec"]["template"]["metadata"]["labels"]

    policy = one("NetworkPolicy", "headrace-workers", rendered(EXAMPLE))["spec"]

    selector = policy["podSelector"]
    assert selector["matchLabels"].items() <= labels.items()
    assert [term["key"] in labels for term in selector["matchExpressions"]] == [True]
    for rule, side in ((policy["ingress"][0], "from"), (policy["egress"][0], "to")):
        assert rule[side] == [{"podSelector": selector}]
        assert [port["port"] for port in rule["ports"]] == [workers.port]


def test_with_gpus_workers_reach_each_other_on_ports_that_nccl_picks():
    policy = one("NetworkPolicy", "headrace-workers", rendered(EXAMPLE, "gpu"))["spec"]

    for rule in (policy["ingress"][0], policy["egress"][0]):
        assert rule["ports"] == [{"protocol": "TCP", "port": 1024, "endPort": 65_535}]


def test_no_policy_of_the_base_selects_pods_that_are_not_ours():
    for body in rendered(DEPLOY / "base"):
        if body["kind"] == "NetworkPolicy":
            assert "headrace" in str(body["spec"]["podSelector"])


def test_the_network_of_the_steps_is_closed_by_the_label_that_their_pods_get():
    from pipeline.kubeflow.platform import STEP

    policy = one("NetworkPolicy", "headrace-steps")

    assert policy["spec"]["podSelector"] == {"matchLabels": {STEP: "true"}}
