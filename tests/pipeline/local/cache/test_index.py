"""The records that later runs find."""

import shutil

import pytest

from pipeline.local.cache import contents, index, why
from pipeline.local.record import Output, Parts, Record, records, write
from pipeline.local.result import Finished


@pytest.fixture
def record(tmp_path):
    def record(runs=tmp_path, node="Trainer", execution=7, **properties):
        folder = runs / "artifacts" / node / "model" / str(execution)
        folder.mkdir(parents=True)
        (folder / "weights").write_text("0.5")
        parts = Parts(component="Executor", properties=properties)
        digests = contents.of_artifact(str(folder), {})
        return Record(
            node=node,
            run="20130101-000000-000000",
            key=why.key(parts),
            parts=parts,
            execution=execution,
            outputs={"model": [Output(id=1, type="Model", uri=str(folder), **digests)]},
            finished=Finished(node=node, summary="3 steps", metrics={"auc": float("nan")}),
            seconds=1.5,
        )

    return record


def test_a_record_is_found_by_node_and_key_and_by_no_other(tmp_path, record):
    kept = record(steps=3)
    index.keep(tmp_path, kept)

    found = index.find(tmp_path, "Trainer", kept.key)

    assert found.model_dump_json() == kept.model_dump_json()
    assert index.find(tmp_path, "Tuner", kept.key) is None
    assert index.find(tmp_path, "Trainer", "0" * 64) is None


def test_a_record_that_was_forgotten_is_not_found(tmp_path, record):
    kept = record()
    index.keep(tmp_path, kept)

    index.forget(tmp_path, kept)
    index.forget(tmp_path, kept)

    assert index.find(tmp_path, "Trainer", kept.key) is None


@pytest.mark.parametrize("text", ["", '{"node": "Trai', "[]", "\x00"])
def test_a_damaged_record_is_as_if_it_were_not_there(tmp_path, record, text):
    kept, other = record(steps=3), record(execution=6, steps=2)
    for each in (kept, other):
        index.keep(tmp_path, each)
    (tmp_path / "cache" / "Trainer" / f"{kept.key}.json").write_text(text)

    assert index.find(tmp_path, "Trainer", kept.key) is None
    assert index.latest(tmp_path, "Trainer").execution == other.execution


def test_a_record_under_another_key_is_not_taken_for_that_of_the_key(tmp_path, record):
    kept = record(steps=3)
    write(kept, tmp_path / "cache" / "Trainer" / f"{'0' * 64}.json")

    assert index.find(tmp_path, "Trainer", "0" * 64) is None
    assert index.latest(tmp_path, "Trainer") is None


@pytest.mark.parametrize("executions", [(8, 12, 7), (12, 7, 8), (7, 8, 12)])
def test_the_latest_is_the_one_with_the_highest_execution(tmp_path, record, executions):
    for steps, execution in enumerate(executions):
        index.keep(tmp_path, record(execution=execution, steps=steps))

    assert index.latest(tmp_path, "Trainer").execution == 12
    assert index.latest(tmp_path, "Tuner") is None


def test_outputs_that_are_gone_or_changed_are_named(tmp_path, record):
    kept = record()
    folder = tmp_path / "artifacts" / "Trainer" / "model" / "7"
    assert index.damaged(kept) == []

    (folder / "weights").write_text("0.6")
    assert index.damaged(kept) == ["artifacts/Trainer/model/7 is not what was written"]

    shutil.rmtree(folder)
    assert index.damaged(kept) == ["artifacts/Trainer/model/7 is gone"]

    folder.symlink_to(folder.name)  # itself
    assert index.damaged(kept) == ["artifacts/Trainer/model/7 is not what was written"]


def test_a_copy_of_a_folder_of_runs_does_not_serve_what_lies_in_the_other(tmp_path, record):
    index.keep(tmp_path / "runs", record(tmp_path / "runs"))
    shutil.copytree(tmp_path / "runs", tmp_path / "copy")

    assert index.latest(tmp_path / "runs", "Trainer")
    assert index.latest(tmp_path / "copy", "Trainer") is None


def test_a_folder_of_runs_may_be_named_by_a_link(tmp_path, record):
    index.keep(tmp_path / "runs", record(tmp_path / "runs"))
    (tmp_path / "link").symlink_to("runs")

    assert index.latest(tmp_path / "link", "Trainer")


@pytest.mark.parametrize("node", ["../Trainer", "a/b", "", ".", "..", "/etc"])
def test_no_name_leads_out_of_the_cache(tmp_path, node):
    with pytest.raises(ValueError, match="can be no name in the cache"):
        index.find(tmp_path, node, "0" * 64)
    with pytest.raises(ValueError, match="can be no name in the cache"):
        index.find(tmp_path, "Trainer", node)


def test_the_records_of_a_run_are_those_that_are_whole(tmp_path, record):
    kept = record()
    write(kept, tmp_path / "records" / "Trainer.json")
    (tmp_path / "records" / "Pusher.json").write_text("{")

    assert list(records(tmp_path)) == ["Trainer"]
    assert not list((tmp_path / "records").glob(".writing-*"))
