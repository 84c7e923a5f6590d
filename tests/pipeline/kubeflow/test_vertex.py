"""A spec compiled for Vertex AI, as TFX's own compiler does it."""

import json

import pytest

from modules.errors import SpecError
from pipeline import spec as spec_of
from pipeline.kubeflow.check import check
from pipeline.kubeflow.vertex import vertex_job
from tests.pipeline.kubeflow.conftest import ROOT

FLIGHTS = ROOT / "data" / "flights"


def job(table):
    return vertex_job(spec_of.load(FLIGHTS / "spec.toml", [f"kubeflow={table}"]), FLIGHTS)


@pytest.fixture(scope="module")
def google():
    table = '{image="eu.example/headrace:1", volume={claim="none", path="/gcs/team"}, root="gs://team/a"}'
    return json.loads(job(table))


def test_the_job_has_every_stage_and_reads_the_bucket_as_a_folder(google):
    tasks = google["pipelineSpec"]["root"]["dag"]["tasks"]
    base = tasks["TableExampleGen"]["inputs"]["parameters"]["input_base"]

    assert {"TableExampleGen", "DataGate", "Trainer", "Evaluator", "Pusher"} <= set(tasks)
    assert base["runtimeValue"]["constantValue"]["stringValue"] == "/gcs/team/flights"
    assert google["runtimeConfig"]["gcsOutputDirectory"] == "gs://team/a"


def test_open_source_kubeflow_would_refuse_what_tfx_compiles(google):
    refused = "\n".join(check([google["pipelineSpec"]]))

    assert "schemaVersion: got '2.0.0'" in refused
    assert "is a resolver, the server runs containers and importers only" in refused
    assert "has a lifecycle hook, which the server never runs" in refused


def test_places_outside_googles_store_are_refused_all_at_once():
    with pytest.raises(SpecError) as refused:
        job('{image="headrace:1", volume={claim="headrace"}, root="minio://a/b"}')

    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "kubeflow.root",
        "kubeflow.volume.path",
    ]
