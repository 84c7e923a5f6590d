"""`headrace versions --serve-with`: what serves a place."""

import pathlib
import shlex

import pytest
import yaml

from pipeline.versions.serving import IMAGE, TAG

ROOT = pathlib.Path(__file__).parents[3]
SPEC = """
name = "birds"
label = { column = "species", task = "binary" }
features = { mass = { kind = "numeric" } }
data = { source = "birds.csv", split = { by = "hash", train = 0.8, eval = 0.2 } }
"""
KUBEFLOW = """
[kubeflow]
image = "registry.example/headrace:1"
volume = { claim = "headrace" }
"""


def test_docker_serves_the_folder_as_the_pipeline_is_called_to_this_machine_alone(
    headrace, serving, put
):
    put(serving, "a")

    told = headrace("versions", "--serve-with", "tf-serving")

    words = shlex.split(told.text.replace("\\\n", ""))
    assert told.code == 0
    assert words[:2] == ["docker", "run"]
    assert f"type=bind,source={serving.path},target=/models/flights,readonly" in words
    assert "MODEL_NAME=flights" in words
    assert "127.0.0.1:8501:8501" in words
    assert f"{IMAGE}:{TAG}" in words


def test_the_version_of_the_server_is_that_of_the_deployment():
    text = (ROOT / "deploy" / "serving" / "kustomization.yaml").read_text()

    assert yaml.safe_load(text)["images"] == [{"name": IMAGE, "newTag": TAG}]


@pytest.mark.parametrize(
    ("more", "uri"),
    [
        ("", "pvc://headrace/serving/birds"),
        ('serving = "models"\nvolume.sub_path = "team"', "pvc://headrace/team/models"),
        ('serving = "minio://models/birds"', "s3://models/birds"),
        ('serving = "gs://models/birds"', "gs://models/birds"),
    ],
)
def test_kserve_reads_what_the_pods_of_kubeflow_push(headrace, tmp_path, more, uri):
    table = KUBEFLOW
    if "sub_path" in more:
        table = table.replace('"headrace" }', '"headrace", sub_path = "team" }')
        more = more.partition("\n")[0]
    (tmp_path / "spec.toml").write_text(f"{SPEC}{table}{more}\n")

    told = headrace("versions", "spec.toml", "--serve-with", "kserve")

    assert told.code == 0
    service = yaml.safe_load(told.text)
    assert (service["apiVersion"], service["kind"]) == (
        "serving.kserve.io/v1beta1",
        "InferenceService",
    )
    assert service["metadata"]["name"] == "birds"
    assert service["spec"]["predictor"]["model"] == {
        "modelFormat": {"name": "tensorflow"},
        "protocolVersion": "v1",
        "runtimeVersion": TAG,
        "storageUri": uri,
    }


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--serve-with", "kserve"], "give a spec with a [kubeflow] table"),
        (["spec.toml", "--serve-with", "kserve"], "spec.toml: has no [kubeflow] table"),
        (["s3://models/a", "--serve-with", "tf-serving"], "s3://models/a: expected a folder"),
        (["--serve-with", "tf-serving"], "runs/serving: no such folder"),
        (["--serve-with", "tf-serving", "--json"], "contradict each other"),
        (["--serve-with", "kserv"], "is not one of 'tf-serving', 'kserve'"),
    ],
)
def test_what_cannot_be_served_so_is_refused(headrace, tmp_path, words, problem):
    (tmp_path / "spec.toml").write_text(SPEC)

    told = headrace("versions", *words)

    assert told.code == 2
    assert problem in told.text
