"""A blessed model is pushed, says where it comes from, and old versions go."""

import json
import pathlib
import shutil

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.components.pusher.executor import Executor as StockExecutor
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.proto import pusher_pb2
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import channel_utils, standard_artifacts
from tfx.utils import proto_utils

from components.pusher import folder as folders
from components.pusher import manifest as manifests
from components.pusher.component import Pusher
from components.pusher.config import Settings
from components.pusher.executor import Executor
from components.pusher.folder import Folder
from components.pusher.provenance import VERDICT, code
from components.pusher.sums import digest, sums
from components.pusher.version import VersionError

JUDGED = {
    "blessed": True,
    "sentence": "2 rules hold",
    "forced_by": None,
    "metrics": {"auc": 0.7, "calibration": None},
    "rules": [{"metric": "auc"}],  # is not for us
}


@pytest.fixture
def serving(tmp_path):
    return tmp_path / "below" / "serving"  # not there yet


@pytest.fixture
def statistics(tmp_path):
    """Of a train split with three rows and an eval split with one."""
    artifact = standard_artifacts.ExampleStatistics()
    artifact.uri = str(tmp_path / "statistics")
    for split, rows in {"train": 3, "eval": 1}.items():
        path = tmp_path / "statistics" / f"Split-{split}" / "FeatureStats.pb"
        path.parent.mkdir(parents=True)
        found = statistics_pb2.DatasetFeatureStatisticsList()
        found.datasets.add().num_examples = rows
        path.write_bytes(found.SerializeToString())
    artifact.span = 7
    artifact.set_string_custom_property("input_fingerprint", "split:all,num_files:1")
    return artifact


@pytest.fixture
def run(tmp_path, saved_model, serving, statistics):
    """Runs the executor on a model that is blessed or not."""

    shutil.copytree(saved_model, tmp_path / "trained" / "Format-Serving")

    def run(blessed=True, verdict=None, settings=None, context=None):
        trained = standard_artifacts.Model()
        trained.uri, trained.id = str(tmp_path / "trained"), 17
        blessing = standard_artifacts.ModelBlessing()
        blessing.uri = str(tmp_path / "blessing")
        pathlib.Path(blessing.uri).mkdir(exist_ok=True)
        if verdict is not None:
            pathlib.Path(blessing.uri, VERDICT).write_text(verdict)
        blessing.set_int_custom_property("blessed", int(blessed))
        pushed = standard_artifacts.PushedModel()
        pushed.uri = str(tmp_path / "pushed")
        destination = pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(serving))
        )
        told = settings or Settings(pipeline="flights", spec="5bec")
        Executor(context).Do(
            {"model": [trained], "model_blessing": [blessing], "statistics": [statistics]},
            {"pushed_model": [pushed]},
            {
                "push_destination": proto_utils.proto_to_json(destination),
                "custom_config": told.model_dump_json(),
            },
        )
        return pushed

    return run


def test_a_blessed_model_is_pushed_and_its_place_is_recorded(run, saved_model, serving):
    pushed = run()

    (version,) = serving.iterdir()
    assert sums(version, manifests.FILE) == sums(saved_model)
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_destination") == str(version)
    assert pushed.get_string_custom_property("pushed_version") == version.name


def test_a_model_that_is_not_blessed_is_not_pushed(run, serving):
    pushed = run(blessed=False)

    assert not serving.exists()
    assert pushed.get_int_custom_property("pushed") == 0


def test_a_version_says_where_it_comes_from(run, serving, saved_model, statistics, tmp_path):
    context = BaseExecutor.Context(
        pipeline_run_id="20261129-1", pipeline_node=pipeline_pb2.PipelineNode()
    )

    run(verdict=json.dumps(JUDGED), context=context)

    (version,) = serving.iterdir()
    found = json.loads((version / manifests.FILE).read_text())
    assert found["version"] == int(version.name)
    assert found["pushed"].endswith("Z")
    assert (found["pipeline"], found["run"], found["spec"]) == ("flights", "20261129-1", "5bec")
    assert found["model"] == {
        "uri": str(tmp_path / "trained"),
        "id": 17,
        "sha256": digest(sums(saved_model)),
    }
    assert found["data"] == {
        "fingerprint": "split:all,num_files:1",
        "span": 7,
        "rows": {"eval": 1, "train": 3},
        "statistics": digest(sums(pathlib.Path(statistics.uri))),
    }
    assert found["verdict"] == {key: value for key, value in JUDGED.items() if key != "rules"}
    assert set(found["files"]) == set(sums(saved_model))
    assert found["restores"] is found["promoted_from"] is None


@pytest.mark.parametrize("verdict", [None, "{", '{"blessed": 1.5}'])
def test_what_is_not_at_hand_is_null(run, serving, verdict):
    run(verdict=verdict)

    (version,) = Folder(serving).versions()
    manifest = Folder(serving).manifest(version)
    assert manifest.verdict is None  # TFX's own Evaluator writes none
    assert (manifest.run, manifest.model.id) == (None, None)  # in a pod, an id is of nothing


def test_a_model_that_does_not_answer_is_not_pushed(run, serving, tmp_path):
    run()
    before = sums(serving)
    (tmp_path / "trained" / "Format-Serving" / "saved_model.pb").write_bytes(b"no graph")

    with pytest.raises(VersionError, match=r"model: cannot be loaded: "):
        run()

    assert sums(serving) == before


def test_the_newest_versions_stay_as_many_as_the_spec_says(run, serving):
    settings = Settings(pipeline="flights", spec="5bec", keep=2)

    names = [run(settings=settings).get_string_custom_property("pushed_version") for _ in range(3)]

    assert sorted(entry.name for entry in serving.iterdir()) == names[1:]


def test_old_versions_that_cannot_be_removed_do_not_fail_a_push(run, serving, monkeypatch):
    run()

    def trim(_self, _keep):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(folders.Folder, "trim", trim)

    assert run().get_int_custom_property("pushed") == 1


def test_the_code_counts_by_its_files_and_the_users_by_those_beside_them(tmp_path):
    (tmp_path / "mine.py").write_text("import sizes")
    (tmp_path / "sizes.py").write_text("HIDDEN = 8")
    ours = code(tmp_path, ())
    before = code(tmp_path, ("mine.py",))

    (tmp_path / "sizes.py").write_text("HIDDEN = 9")

    assert len({ours, before, code(tmp_path, ("mine.py",))}) == 3
    assert code(tmp_path, ()) == ours


def test_it_takes_what_tfx_gives_its_own_pusher_and_statistics():
    made = Pusher(
        "/serving",
        Settings(pipeline="flights", spec="5bec"),
        model=channel_utils.as_channel([standard_artifacts.Model()]),
        model_blessing=channel_utils.as_channel([standard_artifacts.ModelBlessing()]),
        statistics=channel_utils.as_channel([standard_artifacts.ExampleStatistics()]),
    )

    assert made.id == "Pusher"
    assert set(made.inputs) == {"model", "model_blessing", "statistics"}
    assert set(made.outputs) == {"pushed_model"}
    assert issubclass(made.executor_spec.executor_class, StockExecutor)
