"""The flights, from rows to a pushed model, in pods as Kubeflow Pipelines runs them."""

import json
import math
import pathlib
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.kubeflow import flights, harness
from tests.pipeline.report import browser

HEADRACE = pathlib.Path(sys.executable).parent / "headrace"
STEPS = 120

_WHY = harness.unavailable()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(_WHY is not None, reason=_WHY or ""),
    pytest.mark.timeout(1200),  # twenty pods, each of which imports TensorFlow
    pytest.mark.xdist_group("flights-on-kubeflow"),
]


def metrics(folder):
    from components.evaluator.judging import judge

    return judge(str(folder)).metrics


def locally(folder, *overrides):
    """The metrics of a run on this machine."""
    shutil.copytree(flights.DATA, folder, ignore=shutil.ignore_patterns("runs", "full"))
    settings = [word for override in overrides for word in ("--set", override)]
    command = [HEADRACE, "run", folder / "spec.toml", "--json", *settings]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(ended.stdout)["metrics"]
    return {name: math.nan if value is None else value for name, value in told.items()}


def test_flights_end_as_on_a_laptop_and_the_second_run_has_the_first_as_its_baseline(tmp_path):
    with flights.cluster(tmp_path, *flights.TWO_WORKERS) as play:
        first = play({"steps": STEPS})
        first.check()
        second = play({"steps": STEPS})
        second.check()

    # The same spec, seed and steps, with workers that are processes instead of pods.
    expected = locally(tmp_path / "local", f"training.steps={STEPS}", *flights.TWO_WORKERS)
    found = metrics(first["evaluator"].artifacts["evaluation"].path)
    assert found == pytest.approx(expected, rel=1e-3, nan_ok=True)
    history = first["trainer"].artifacts["model_run"].path / "history.json"
    assert json.loads(history.read_text())["replicas"] == 2
    # The first run had no baseline and pushed; the second was compared with what the first pushed.
    assert first["baseline"].artifacts["model"].metadata["absent"] == 1
    assert "absent" not in second["baseline"].artifacts["model"].metadata
    blessing = second["evaluator"].artifacts["blessing"].metadata
    assert "baseline_model" in json.dumps(blessing)
    versions = sorted(path.name for path in (tmp_path / "shared/serving/flights").iterdir())
    told = [run["pusher"].artifacts["pushed_model"].metadata for run in (first, second)]
    assert [metadata["pushed_version"] for metadata in told] == versions
    manifests = [
        json.loads(path.joinpath("assets.extra", "manifest.json").read_text())
        for path in sorted((tmp_path / "shared/serving/flights").iterdir())
    ]
    assert [manifest["run"] for manifest in manifests] == [first.id, second.id]
    assert manifests[0]["data"]["fingerprint"].startswith("split:all,num_files:1")
    assert manifests[0]["data"]["rows"].keys() == {"train", "valid", "eval"}
    outcome = second["exit"].artifacts["outcome"].path
    assert json.loads(outcome.read_text())["pipeline"] == "flights"
    check_report(second, tmp_path)


def check_report(run, folder):
    """Looks at the page that the run ended with, as a browser shows it."""
    page = shutil.copy(run["report"].artifacts["report"].path, folder / "report.html")
    if browser.is_missing():
        return
    with browser.browser(folder) as chromium:
        charts = chromium.open(page).charts()
        text = chromium.value("document.body.innerText")

        assert "✓ Blessed" in text
        assert run["pusher"].artifacts["pushed_model"].metadata["pushed_destination"] in text
        assert f"steps={STEPS}" in text
        assert run.id in text
        assert charts >= {
            *("loss", "steps-learning_rate", "roc", "calibration", "slices"),
            *(f"column-{at}" for at in range(22)),
        }
        absent = chromium.value(
            "[...document.querySelectorAll('p.absent')].map(e => e.closest('section').id)"
        )
        assert set(absent) <= {"verdict", "lineage"}  # times, and what was taken from which
        assert chromium.is_quiet()


def test_the_entrypoint_that_tfx_brings_dies_of_the_types_that_kubeflow_loses(tmp_path):
    with flights.cluster(tmp_path) as play:
        run = play_with_upstream(tmp_path / "pipeline.yaml", play)

    # When this fails, TFX's entrypoint reads what Kubeflow sends, and ours can go.
    assert run["table-example-gen"].exit_code == 0
    assert run["statistics-gen"].exit_code == 1
    assert "AttributeError" in run["statistics-gen"].last_lines


def play_with_upstream(compiled, play):
    """A run of two stages, the second with TFX's own entrypoint."""
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

    return play({})
