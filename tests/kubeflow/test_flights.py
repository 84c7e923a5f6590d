"""The flights, from rows to a pushed model, in pods as Kubeflow Pipelines runs them."""

import json
import pathlib
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.kubeflow import harness

ROOT = pathlib.Path(__file__).parents[2]
DATA = ROOT / "data" / "flights"
HEADRACE = pathlib.Path(sys.executable).parent / "headrace"
KUBEFLOW = (
    'kubeflow={image="registry.example/headrace:1", volume={claim="headrace"}, '
    'root="minio://mlpipeline/headrace"}'
)
STEPS = 60

_WHY = harness.unavailable()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(_WHY is not None, reason=_WHY or ""),
    pytest.mark.timeout(1200),  # twenty pods, each of which imports TensorFlow
    pytest.mark.xdist_group("flights-on-kubeflow"),
]


def headrace(*arguments):
    return subprocess.run([HEADRACE, *arguments], capture_output=True, text=True, check=False)


def metrics(folder):
    from pipeline.verdict import overall_metrics

    return overall_metrics(str(folder))


@pytest.fixture
def volume(tmp_path):
    """The claim, with what lies beside the spec."""
    (tmp_path / "volume" / "flights").mkdir(parents=True)
    for name in ("flights.csv", "schema.pbtxt"):
        shutil.copy(DATA / name, tmp_path / "volume" / "flights")
    return tmp_path / "volume"


@pytest.fixture
def compiled(tmp_path):
    """The pipeline, as the command writes it."""
    file = tmp_path / "pipeline.yaml"
    made = headrace("compile", DATA / "spec.toml", "--set", KUBEFLOW, "-o", file)
    assert made.returncode == 0, made.stdout
    return file


@pytest.fixture
def cluster(tmp_path, volume):
    (tmp_path / "bucket").mkdir()
    return harness.Cluster(bucket=tmp_path / "bucket", claims={"headrace": volume})


def test_flights_end_as_on_a_laptop_and_the_second_run_has_the_first_as_its_baseline(
    tmp_path, compiled, cluster, volume
):
    first = harness.run(compiled, {"steps": STEPS}, cluster)
    first.check()
    second = harness.run(compiled, {"steps": STEPS}, cluster)
    second.check()

    # The same spec and seed, on this machine as always.
    copy = tmp_path / "local"
    shutil.copytree(DATA, copy, ignore=shutil.ignore_patterns("runs", "full"))
    steps = f"training.steps={STEPS}"
    local = headrace("run", copy / "spec.toml", "--set", steps, "--json")
    expected = json.loads(local.stdout)["metrics"]
    assert metrics(first["evaluator"].artifacts["evaluation"].path) == pytest.approx(expected)

    # The first run had no baseline and pushed; the second was compared with what the first pushed.
    assert first["baseline"].artifacts["model"].metadata["absent"] == 1
    assert "absent" not in second["baseline"].artifacts["model"].metadata
    blessing = second["evaluator"].artifacts["blessing"].metadata
    assert "baseline_model" in json.dumps(blessing)
    versions = sorted(path.name for path in (volume / "serving" / "flights").iterdir())
    told = [run["pusher"].artifacts["pushed_model"].metadata for run in (first, second)]
    assert [metadata["pushed_version"] for metadata in told] == versions
    outcome = second["exit"].artifacts["outcome"].path
    assert json.loads(outcome.read_text())["pipeline"] == "flights"


def test_the_entrypoint_that_tfx_brings_dies_of_the_types_that_kubeflow_loses(compiled, cluster):
    documents = list(yaml.safe_load_all(compiled.read_text()))
    tasks = documents[0]["components"]["comp-pipeline"]["dag"]["tasks"]
    for name in set(tasks) - {"table-example-gen", "statistics-gen"}:
        del tasks[name]
    container = documents[0]["deploymentSpec"]["executors"]["exec-statistics-gen"]["container"]
    upstream = "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor"
    executor = json.loads(container["args"][1])["executor"]
    container["command"] = ["python", "-m", upstream]
    container["args"] = [
        *("--executor_class_path", executor),
        *("--json_serialized_invocation_args", "{{$}}"),
    ]
    compiled.write_text(yaml.safe_dump_all(documents))

    run = harness.run(compiled, {}, cluster)

    # When this fails, TFX's entrypoint reads what Kubeflow sends, and ours can go.
    assert run["table-example-gen"].exit_code == 0
    assert run["statistics-gen"].exit_code == 1
    assert "AttributeError" in run["statistics-gen"].last_lines
