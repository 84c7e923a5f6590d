"""The page that the last pod of a run writes."""

import contextlib
import functools
import http.server
import json
import subprocess
import sys
import threading

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.converter.report import Report as Formats
from components.evaluator.verdict import Judged, Verdict
from components.serving_validator.found import Report as Check
from pipeline.kubeflow import report, uris
from pipeline.kubeflow.packing import packed
from tests.pipeline.report.outputs import (
    dataset,
    metrics,
    number_column,
    thresholds,
    write_evaluation,
    write_statistics,
)
from tests.pipeline.report.test_report import shown
from tests.pipeline.report.test_serving import CHECKED, CONVERTED
from tests.pipeline.report.test_training import history

RUN = "0b1c6f2e-3a1d-4a38-9d0c-6f1f2b7e9a10"
HOSTILE = "<img src=x onerror=alert(1)>"
SPEC = {
    "name": "birds",
    "data": {"source": "birds.csv", "split": {"by": "hash", "train": 0.8, "eval": 0.2}},
    "label": {"column": "rare", "task": "binary"},
    "features": {"mass": {"kind": "numeric", "unit": "g"}},
    "evaluation": {"rules": [{"metric": "auc", "min": 0.6}]},
}
RULE = Judged(
    metric="auc", value=0.7, bounds="value", found=0.7, min=0.6, outcome="holds", sentence="it does"
)
VERDICT = Verdict(
    blessed=True, sentence="1 rule holds", baseline=False, metrics={"auc": 0.7}, rules=(RULE,)
)
FIT = CHECKED.model_copy(update={"blessed": True, "reasons": []})


@pytest.fixture(autouse=True)
def bucket(tmp_path, monkeypatch):
    """Where the launcher has put what the pods of a run made."""
    folders = {scheme: f"{tmp_path}{folder}" for scheme, folder in uris._FOLDERS.items()}
    monkeypatch.setattr(uris, "_FOLDERS", folders)
    folder = tmp_path / "minio/bucket"
    for name in ("statistics", "schema", "anomalies", "training", "evaluation"):
        (folder / name).mkdir(parents=True)
    write_data(folder)
    (folder / "training/history.json").write_text(history())
    rows = [(0.25, 4, 2, 2, 0), (0.5, 2, 1, 3, 2), (0.75, 0, 0, 4, 4)]
    write_evaluation(
        folder / "evaluation", [metrics({}, {"auc": 0.7, "example_count": 8})], [thresholds(rows)]
    )
    wrong = {"loss": 2.5, "label": "1", "prediction": [0.08], "row": {"mass": 12.5}}
    (folder / "evaluation/wrong.jsonl").write_text(json.dumps(wrong) + "\n")
    write(folder, "verdict", Verdict.FILE, VERDICT)
    return folder


def write_data(folder):
    """Two splits of a column, with values in the second that the schema does not allow."""
    splits = {}
    for at, split in enumerate(("train", "eval")):
        splits[split] = dataset(10)
        number_column(splits[split], "mass", [(at, at + 1, 5), (at + 1, at + 4, 5)])
    write_statistics(folder / "statistics", splits)
    schema = schema_pb2.Schema(feature=[schema_pb2.Feature(name="mass", type=schema_pb2.FLOAT)])
    (folder / "schema/schema.pbtxt").write_text(str(schema))
    found = anomalies_pb2.Anomalies()
    found.anomaly_info["mass"].severity = anomalies_pb2.AnomalyInfo.ERROR
    found.anomaly_info["mass"].reason.add(
        type=anomalies_pb2.AnomalyInfo.FLOAT_TYPE_BIG_FLOAT, description="larger than 3"
    )
    (folder / "anomalies/Split-eval").mkdir()
    path = folder / "anomalies/Split-eval/SchemaDiff.pb"
    path.write_bytes(found.SerializeToString())


def write(bucket, artifact, name, content):
    """Writes the file of an artifact, a JSON object."""
    (bucket / artifact).mkdir(exist_ok=True)
    (bucket / artifact / name).write_text(content.model_dump_json())


def given(bucket, pushed=None, spec=None, **parameters):
    """KFP's ExecutorInput, as its launcher writes it, of what lies in the bucket."""
    artifacts = {
        entry.name: {"artifacts": [{"name": "7", "uri": f"minio://bucket/{entry.name}"}]}
        for entry in bucket.iterdir()
    }
    metadata = {"pushed": 1.0, "pushed_destination": pushed} if pushed else {"pushed": 0.0}
    artifacts["pushed"] = {"artifacts": [{"uri": "minio://bucket/pushed", "metadata": metadata}]}
    values = {"run": RUN, "spec": packed(spec or json.dumps(SPEC)), **parameters}
    return json.dumps({"inputs": {"artifacts": artifacts, "parameterValues": values}})


@pytest.fixture
def page(tmp_path, capfd):
    """The file that the pod writes; its log holds nothing."""

    def page(executor_input):
        output = tmp_path / "minio/other/report"
        arguments = ["--image", "registry.example/headrace:1", "--output", str(output)]
        assert report.main([*arguments, "--input", executor_input]) == 0
        assert "no report" not in capfd.readouterr().err
        return output

    return page


def test_the_page_shows_all_that_the_pods_of_the_run_made(bucket, page):
    write(bucket, "serving_check", Check.FILE, FIT)
    pushed = "s3://models/birds/1795960308"

    text = shown(page(given(bucket, pushed, steps=200.0, data="", span="7")))

    assert f"Run {RUN}" in text
    assert "✓ Blessed 1 rule holds" in text
    assert f"pushed to {pushed}" in text
    assert "overrides span=7 steps=200" in text
    assert "image registry.example/headrace:1" in text
    assert "✓ holds auc all rows" in text
    assert "auc 0.7 no baseline train rows 10 eval rows 10" in text
    assert "mass numeric, g" in text
    assert "larger than 3" in text
    assert "rows 2,000 train, 10 valid" in text
    assert "On all 8 rows of the eval split." in text
    assert "2.5 1 0.08 12.5" in text  # the row that the model is most wrong about
    assert "✓ blessed Asked 256 rows" in text
    assert '"source": "birds.csv"' in text  # in the whole spec


def test_what_kubeflow_shows_itself_is_left_to_it(bucket, page):
    text = shown(page(given(bucket)))

    elsewhere = "Not here: Kubeflow's own page of the run shows its steps, when each ran"
    assert f"Time and memory {elsewhere}" in text
    assert f"Lineage {elsewhere}" in text
    assert "No drift: a step on Kubeflow does not see the data and records of earlier runs." in text
    assert "nodes run" not in text
    assert "pushed to nothing was pushed" in text
    assert "Serving Not here: ServingValidator was not part of this run." in text


def test_a_model_that_cannot_be_served_is_not_blessed(bucket, page):
    write(bucket, "serving_check", Check.FILE, CHECKED)

    assert "✕ Not blessed serving_raw: <b>too slow</b>" in shown(page(given(bucket)))


def test_a_model_that_breaks_a_rule_is_not_blessed(bucket, page):
    broken = VERDICT.model_copy(update={"blessed": False, "sentence": "auc is 0.7, at least 0.8"})
    write(bucket, "verdict", Verdict.FILE, broken)

    assert "✕ Not blessed auc is 0.7, at least 0.8" in shown(page(given(bucket)))


def test_a_further_format_that_is_broken_is_the_exception_of_a_model_that_was_pushed(bucket, page):
    write(bucket, "formats", Formats.FILE, CONVERTED)

    text = shown(page(given(bucket, "/serving/birds/1")))

    assert "◐ Blessed, except an operation is not known" in text
    assert "Formats Each held against the SavedModel" in text


@pytest.mark.parametrize(
    ("pushed", "expected"), [("/serving/birds/1", "✓ Blessed"), (None, "✕ Not blessed")]
)
def test_where_tfxs_own_evaluator_judged_the_push_tells_what_it_said(
    bucket, page, pushed, expected
):
    (bucket / "verdict" / Verdict.FILE).unlink()

    why = "TFX's own Evaluator writes no verdict down"
    assert f"{expected} {why}" in shown(page(given(bucket, pushed)))


def test_a_stage_that_left_nothing_takes_its_section_alone(bucket, page):
    (bucket / "training/history.json").unlink()

    text = shown(page(given(bucket)))

    assert "Not here: training/history.json of the Trainer cannot be read." in text
    assert "✓ Blessed 1 rule holds" in text


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("{", "JSONDecodeError"),
        (json.dumps({"inputs": {"parameterValues": {"run": RUN}}}), "KeyError: 'spec'"),
    ],
)
def test_a_report_that_cannot_be_written_says_so_and_fails_no_run(tmp_path, capfd, broken, why):
    output = tmp_path / "minio/other/report"

    code = report.main(["--image", "i", "--output", str(output), "--input", broken])

    assert code == 0
    assert f"It could not be written: {why}" in shown(output)
    assert capfd.readouterr().err.splitlines()[-1].startswith(f"headrace: no report: {why}")


def test_what_is_wrong_is_text_on_the_page_that_says_so(tmp_path, monkeypatch):
    def hostile(*arguments):
        raise ValueError(HOSTILE)

    monkeypatch.setattr(report, "_write", hostile)

    report.main(["--image", "i", "--output", str(tmp_path / "page"), "--input", "{}"])

    assert "<img" not in (tmp_path / "page").read_text()
    assert f"ValueError: {HOSTILE}" in shown(tmp_path / "page")


def test_the_pod_takes_neither_tensorflow_nor_beam(bucket, tmp_path):
    program = (
        "import sys; from pipeline.kubeflow import report; report.main(sys.argv[1:]);"
        "print([name for name in ('tensorflow', 'tfx', 'apache_beam', 'keras', 'kfp')"
        " if name in sys.modules])"
    )
    arguments = ["--image", "i", "--output", tmp_path / "page", "--input", given(bucket)]

    told = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )

    assert told.stdout == "[]\n"
    assert "no report" not in told.stderr


class Sandbox(http.server.SimpleHTTPRequestHandler):
    """Serves pages as Kubeflow frames them: `sandbox='allow-scripts'`.

    kubeflow/pipelines, frontend/src/components/viewers/HTMLViewer.tsx.
    """

    def end_headers(self):
        self.send_header("Content-Security-Policy", "sandbox allow-scripts")
        super().end_headers()

    def log_message(self, *told):
        """Says nothing."""


@contextlib.contextmanager
def sandbox(folder):
    """The address of a folder whose pages are sandboxed."""
    handler = functools.partial(Sandbox, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_the_page_is_drawn_in_the_sandbox_that_kubeflow_shows_it_in(
    bucket, page, tmp_path, chromium
):
    (tmp_path / "report.html").write_bytes(page(given(bucket)).read_bytes())

    with sandbox(tmp_path) as address:
        chromium.ask("Page.navigate", url=f"{address}/report.html")
        chromium.until("document.readyState === 'complete' && origin === 'null'")

        assert chromium.charts() >= {"roc", "loss", "column-0"}
        assert chromium.errors == []
