"""The blessing is TFX's own, and decides whether the Pusher pushes."""

import json
import pathlib
import shutil

import pytest
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts
from tfx.utils import path_utils, proto_utils

from components.pusher.config import Settings
from components.pusher.executor import Executor
from components.serving_validator import report
from components.serving_validator.config import Serving
from components.serving_validator.found import Agreement, Latency, Report

BLESSED = Report(
    blessed=True,
    reasons=[],
    rows=256,
    tensorflow="2.21.0",
    startup_seconds=2.25,
    load_seconds=2.0,
    latency={
        "serving_default": Latency(calls=100, p50_ms=1.2, p95_ms=2.0, batch_rows=256, batch_ms=9.0)
    },
    peak_memory_mb=412.4,
    trainer=Agreement(rows=256, largest=3e-7, bound=1e-4, precision="float32"),
    budgets=Serving(),
)
REFUSED = BLESSED.model_copy(
    update={"blessed": False, "reasons": ["serving_raw: is slow", "model: is large"]}
)


@pytest.fixture
def written(tmp_path):
    """The InfraBlessing of a report, and the Model that it is about."""

    def written(found):
        model, blessing = standard_artifacts.Model(), standard_artifacts.InfraBlessing()
        model.uri, model.id = str(tmp_path / "model"), 7
        (tmp_path / "model" / "Format-Serving").mkdir(parents=True)
        (tmp_path / "model" / "Format-Serving" / "saved_model.pb").write_bytes(b"graph")
        blessing.uri = str(tmp_path / "blessing")
        report.write(found, blessing, model)
        return blessing, model

    return written


@pytest.mark.parametrize(
    ("found", "mark"), [(BLESSED, "INFRA_BLESSED"), (REFUSED, "INFRA_NOT_BLESSED")]
)
def test_the_blessing_has_the_mark_of_tfx_the_report_and_the_reasons(written, found, mark):
    blessing, _ = written(found)

    names = {path.name for path in pathlib.Path(blessing.uri).iterdir()}
    assert names == {mark, "serving.json"}
    text = pathlib.Path(blessing.uri, Report.FILE).read_text(encoding="utf-8")
    assert Report.model_validate_json(text) == found
    assert json.loads((pathlib.Path(blessing.uri) / "serving.json").read_text())["rows"] == 256
    assert blessing.get_int_custom_property("blessed") == int(found.blessed)
    assert blessing.get_int_custom_property("current_model_id") == 7
    assert blessing.get_string_custom_property("reasons") == "; ".join(found.reasons)


@pytest.mark.parametrize("found", [BLESSED, REFUSED])
def test_a_model_that_was_judged_well_is_pushed_only_if_it_can_be_served(
    written, tmp_path, found, saved_model
):
    blessing, model = written(found)
    shutil.copytree(saved_model, path_utils.serving_model_dir(model.uri), dirs_exist_ok=True)
    judged, pushed = standard_artifacts.ModelBlessing(), standard_artifacts.PushedModel()
    judged.uri, pushed.uri = str(tmp_path / "judged"), str(tmp_path / "pushed")
    judged.set_int_custom_property("blessed", 1)
    destination = pusher_pb2.PushDestination(
        filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(tmp_path / "serving"))
    )

    Executor().Do(
        {"model": [model], "model_blessing": [judged], "infra_blessing": [blessing]},
        {"pushed_model": [pushed]},
        {
            "push_destination": proto_utils.proto_to_json(destination),
            "custom_config": Settings(pipeline="birds", spec="0").model_dump_json(),
        },
    )

    assert (tmp_path / "serving").exists() is found.blessed


def test_a_line_says_what_matters():
    assert BLESSED.summary() == (
        "answers in 1.2 ms (p95 2.0), starts in 2.2 s, 412 MB; agrees with the trainer to 3e-7"
    )
    assert REFUSED.summary() == (
        "answers in 1.2 ms (p95 2.0), starts in 2.2 s, 412 MB; not fit to serve"
    )
    nothing = Report(blessed=False, reasons=["model: died"], rows=4, budgets=Serving())
    assert nothing.summary() == "not fit to serve"
