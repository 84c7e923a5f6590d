"""What workers find on the shared volume, and what comes back from it."""

import json
import os
import pathlib

import pytest

from modules.errors import GateError, SpecError
from modules.training.job import Job
from modules.training.kubernetes import staging
from modules.training.kubernetes.staging import Stage

SPEC = {"label": {"column": "y", "task": "binary"}, "features": {"x": {"kind": "numeric"}}}
OWN = {"model": {"family": "own.py:build"}}


@pytest.fixture
def stage(tmp_path):
    (tmp_path / "shared").mkdir()
    return Stage(tmp_path / "shared" / "headrace-1")


@pytest.fixture
def job(tmp_path):
    """A job whose inputs are small files."""
    for name in ("transform/graph/saved_model.pb", "base/saved_model.pb", "beside/own.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, "utf-8")
    for name in ("rows-b.gz", "rows-a.gz"):
        (tmp_path / name).write_text(name, "utf-8")

    def job(**changed):
        made = {
            "spec": SPEC,
            "folder": str(tmp_path / "beside"),
            "transform": str(tmp_path / "transform"),
            "train": [str(tmp_path / "rows-*.gz")],
            "valid": [str(tmp_path / "rows-b.gz")],
            "model": str(tmp_path / "out" / "model"),
            "run": str(tmp_path / "out" / "run"),
            "base_model": str(tmp_path / "base"),
        }
        return Job.model_validate(made | changed)

    return job


def fill(stage, job, fingerprint="1"):
    left_out = stage.fill(job, fingerprint, os.getuid() or 1000)
    return Job.model_validate_json(stage.job_file.read_text("utf-8")), left_out


def texts(paths):
    return [pathlib.Path(path).read_text("utf-8") for path in paths]


def test_every_path_of_the_workers_job_is_on_the_volume(stage, job):
    staged, _ = fill(stage, job())

    paths = [staged.folder, staged.transform, staged.base_model, staged.model, staged.run]
    assert all(
        path.startswith(str(stage.folder)) for path in (*paths, *staged.train, *staged.valid)
    )
    assert texts([f"{staged.transform}/graph/saved_model.pb"]) == ["transform/graph/saved_model.pb"]
    assert texts([f"{staged.base_model}/saved_model.pb"]) == ["base/saved_model.pb"]
    assert staged.spec == job().spec
    assert staged.cluster is None


def test_examples_are_read_in_the_order_of_their_names_as_often_as_they_are_named(
    stage, job, tmp_path
):
    twice = [str(tmp_path / "rows-b.gz"), str(tmp_path / "rows-*.gz")]

    staged, _ = fill(stage, job(train=twice))

    assert texts(staged.train) == ["rows-a.gz", "rows-b.gz", "rows-b.gz"]
    assert list(staged.train) == sorted(staged.train)
    assert len(set(staged.train)) == 2  # a file is copied once
    assert texts(staged.valid) == ["rows-b.gz"]


def test_what_lies_in_an_object_store_is_read_there(stage, job):
    staged, _ = fill(stage, job(train=["gs://bucket/rows*"], transform="gs://bucket/graph"))

    assert staged.train == ("gs://bucket/rows*",)
    assert staged.transform == "gs://bucket/graph"


def test_the_users_code_is_copied_with_what_lies_beside_it(stage, job, tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "_MOST_BYTES", 100)
    for name in ("deep/more.py", ".venv/hidden.py", "runs/old.py", "table.csv"):
        (tmp_path / "beside" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "beside" / name).write_text("x" * (101 if name == "table.csv" else 1), "utf-8")

    staged, left_out = fill(stage, job(spec=SPEC | OWN))

    found = pathlib.Path(staged.folder)
    files = {str(path.relative_to(found)) for path in found.rglob("*") if path.is_file()}
    assert files == {"own.py", "deep/more.py"}
    assert left_out == ["table.csv"]


def test_where_no_function_of_the_users_is_called_nothing_is_copied_for_it(stage, job):
    staged, _ = fill(stage, job())

    assert list(pathlib.Path(staged.folder).iterdir()) == []


def test_checkpoints_of_the_same_job_outlive_another_start_and_inputs_do_not(stage, job):
    fill(stage, job())
    (stage.run / "checkpoint.npz").touch()
    (stage.session / "done").touch()

    fill(stage, job())

    assert (stage.run / "checkpoint.npz").exists()
    assert not (stage.session / "done").exists()


def test_checkpoints_of_another_job_are_not_gone_on_from(stage, job):
    fill(stage, job(), "1")
    (stage.run / "checkpoint.npz").touch()

    fill(stage, job(), "2")

    assert not (stage.run / "checkpoint.npz").exists()


def test_a_restart_is_noted_once(stage, job):
    fill(stage, job())

    for reason in ("a", "b", "a"):
        stage.add_restart(reason)

    assert Job.model_validate_json(stage.job_file.read_text("utf-8")).restarts == ("a", "b")


def test_what_a_worker_found_wrong_keeps_its_kind_and_all_of_its_problems(stage, job):
    fill(stage, job())
    assert stage.problem() is None

    stage.failure.write_text(json.dumps({"failure": "GateError", "problems": ["a", "b"]}), "utf-8")

    problem = stage.problem()
    assert isinstance(problem, GateError)
    assert problem.problems == ("a", "b")


def test_model_and_run_folder_come_back_and_nothing_stays(stage, job, tmp_path):
    fill(stage, job())
    (stage.folder / "model" / "variables").mkdir(parents=True)
    (stage.folder / "model" / "variables" / "index").write_text("weights", "utf-8")
    (stage.run / "history.json").write_text("{}", "utf-8")
    (tmp_path / "out" / "run").mkdir(parents=True)  # as TFX makes it

    stage.deliver(job())
    stage.remove(with_run=True)

    out = tmp_path / "out"
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == [
        "model/variables/index",
        "run/history.json",
    ]
    assert list((tmp_path / "shared").iterdir()) == []


def test_a_volume_that_is_not_there_is_told(job, tmp_path):
    with pytest.raises(SpecError, match=r"^kubeflow.volume.path: no folder .*/nowhere in"):
        fill(Stage(tmp_path / "nowhere" / "headrace-1"), job())
