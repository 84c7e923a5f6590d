"""What `headrace gc` keeps, and what it removes."""

import os
import pathlib
import shutil
import sqlite3
import time

from hypothesis import given, settings
from hypothesis import strategies as st
from ml_metadata.proto import metadata_store_pb2 as pb

from pipeline import lineage
from pipeline.history.gc.collecting import collect
from tests.pipeline.history.gc.sound import unsound
from tests.pipeline.history.story import PIPELINE, Story

HOUR, DAY = 3_600, 86_400  # seconds


def why(headrace, keep):
    """By run that stays, the reason."""
    told = headrace("gc", "--keep", keep, "--json").json
    return {run["run"]: run["why"] for run in told["kept"]}


def test_the_newest_runs_stay(story, headrace):
    runs = [story.run(epochs=epochs, blessed=False) for epochs in (1, 2, 3)]

    assert list(why(headrace, 2)) == [runs[2], runs[1]]
    headrace("gc", "--keep", 2, "--yes")

    assert story.folders() == runs[1:]


def test_a_run_stays_while_its_model_is_served(story, headrace):
    served = story.run(epochs=1)
    latest = story.run(epochs=2)
    newest = story.run(epochs=3, blessed=False)

    assert why(headrace, 1) == {
        newest: "it is the newest",
        latest: "its model is served",
        served: "its model is served",
    }

    shutil.rmtree(story.serving / "1")

    assert served not in why(headrace, 1)


def test_a_run_stays_while_a_rollback_serves_its_model(story, headrace):
    served = story.run()
    newest = story.run(epochs=2)
    rollback = story.serving / "3" / "assets.extra" / "manifest.json"
    rollback.parent.mkdir(parents=True)
    rollback.write_text('{"version": 3, "restores": 1}')
    shutil.rmtree(story.serving / "1")

    assert why(headrace, 1)[served] == "its model is served"

    shutil.rmtree(story.serving / "3")
    assert list(why(headrace, 1)) == [newest]


def test_a_run_that_was_killed_right_after_its_push_stays_while_its_model_is_served(
    story, headrace
):
    pushed = story.run(spec_file="other.toml")
    (story.runs / pushed / "result.json").unlink()
    story.run(spec_file="other.toml", epochs=2, blessed=False)
    story.run(epochs=3)

    assert why(headrace, 1)[pushed] == "its model is served"


def test_models_are_served_from_where_the_runs_were_moved_to(story, headrace, tmp_path):
    served = story.run()
    newest = story.run(epochs=2, blessed=False)
    story.runs.rename(tmp_path / "moved")

    told = headrace("gc", "--runs", tmp_path / "moved", "--keep", 1, "--json").json

    assert [(each["run"], each["why"]) for each in told["kept"]] == [
        (newest, "it is the newest"),
        (served, "its model is served"),
    ]


def test_of_runs_that_the_cache_served_the_one_stays_that_pushed(story, headrace):
    pushed, again = story.run(), story.run()
    newest = story.run(epochs=2, blessed=False)

    assert story.result(again).pushed == story.result(pushed).pushed
    assert list(why(headrace, 1)) == [newest, pushed]


def test_when_the_folder_of_the_run_that_pushed_is_gone_one_stays_that_names_the_version(
    story, headrace
):
    pushed, again = story.run(), story.run()
    story.run(epochs=2, blessed=False)
    shutil.rmtree(story.runs / pushed)

    assert why(headrace, 1)[again] == "its model is served"


def test_the_latest_blessed_model_stays_though_nothing_serves_it(story, headrace):
    story.run(epochs=1)
    blessed = story.run(epochs=2)
    newest = story.run(epochs=3, blessed=False)
    shutil.rmtree(story.serving)
    model = story.records(blessed)["Trainer"].outputs["model"][0]

    assert why(headrace, 1) == {
        newest: "it is the newest",
        blessed: "its model is the latest that was blessed",
    }
    headrace("gc", "--keep", 1, "--yes")

    assert lineage.blessed_models(story.runs, PIPELINE)[0] == model.id
    assert unsound(story.runs) == []


def test_a_model_that_could_not_be_served_is_no_baseline_and_the_one_before_stays(story, headrace):
    fit = story.run(epochs=1)
    unfit = story.run(epochs=2)
    story.run(epochs=3, blessed=False)
    shutil.rmtree(story.serving)
    models = {run: story.records(run)["Trainer"].outputs["model"][0].id for run in (fit, unfit)}
    with lineage.opened(story.runs) as store:
        kind = store.put_artifact_type(pb.ArtifactType(name="InfraBlessing"))
        verdict = pb.Artifact(type_id=kind, uri="gone", state=pb.Artifact.LIVE)
        verdict.custom_properties["blessed"].int_value = 0
        verdict.custom_properties["current_model_id"].int_value = models[unfit]
        (number,) = store.put_artifacts([verdict])
        context = store.get_context_by_type_and_name("pipeline", "birds")
        of_it = pb.Attribution(artifact_id=number, context_id=context.id)
        store.put_attributions_and_associations([of_it], [])

    assert lineage.blessed_models(story.runs, "birds") == [models[fit]]
    assert why(headrace, 1)[fit] == "its model is the latest that was blessed"


def test_the_latest_blessed_model_stays_when_the_folder_of_its_run_is_gone(story, headrace):
    blessed = story.run(epochs=1)
    model = story.records(blessed)["Trainer"].outputs["model"][0]
    story.run(epochs=2, ends="failed", at="Rows", rows=(9.0,))
    for folder in (story.serving, story.runs / blessed):
        shutil.rmtree(folder)

    headrace("gc", "--keep", 1, "--yes")

    assert lineage.blessed_models(story.runs, PIPELINE) == [model.id]
    assert unsound(story.runs) == []


def test_when_the_files_of_the_latest_blessed_model_are_gone_the_one_before_stays(story, headrace):
    before, latest = story.run(epochs=1), story.run(epochs=2)
    story.run(epochs=3, blessed=False)
    for folder in (story.serving, story.output(latest, "model")):
        shutil.rmtree(folder)

    assert why(headrace, 1)[before] == "its model is the latest that was blessed"


def test_a_run_that_was_cut_short_stays_with_its_checkpoints_while_it_is_its_specs_latest(
    story, headrace
):
    killed = story.run(ends="killed")
    newest = story.run(spec_file="other.toml", epochs=2, blessed=False)
    earlier = checkpoint(story, "0", an=HOUR)

    assert why(headrace, 1) == {newest: "it is the newest", killed: "it can be resumed"}
    headrace("gc", "--keep", 1, "--yes")

    (kept,) = (story.runs / "checkpoints").iterdir()
    assert kept != earlier
    assert (kept / "weights").read_text() == "epoch 1"

    story.run(epochs=3, blessed=False)  # of the same spec: the killed one is resumed no more
    headrace("gc", "--keep", 1, "--yes")

    assert killed not in story.folders()
    assert list((story.runs / "checkpoints").iterdir()) == []


def test_a_run_that_goes_on_with_another_has_its_checkpoints(story, headrace):
    first = story.run(ends="killed")
    age(story.runs / first / "request.json", HOUR + 60)
    kept = checkpoint(story, "0", an=HOUR)
    story.run(ends="killed", at="Rows", resumes=first)

    headrace("gc", "--keep", 1, "--yes")

    assert (kept / "weights").exists()


def checkpoint(story, name, an):
    """One that was written some time ago."""
    folder = story.runs / "checkpoints" / name
    folder.mkdir()
    (folder / "weights").write_text("")
    age(folder / "weights", an)
    return folder


def age(path, seconds):
    ago = time.time() - seconds
    os.utime(path, (ago, ago))


def test_outputs_stay_that_a_run_took_from_the_cache_though_their_run_goes(story, headrace):
    first = story.run(epochs=1, blessed=False)
    second = story.run(epochs=2, blessed=False)
    examples = story.output(first, "examples")
    model = story.output(first, "model")

    headrace("gc", "--keep", 1, "--yes")

    assert story.folders() == [second]
    assert examples.is_dir()
    assert not model.exists()
    assert unsound(story.runs) == []


def test_what_stays_serves_the_next_run(story, headrace):
    story.run(epochs=1, blessed=False)
    story.run(epochs=2, blessed=False)
    headrace("gc", "--keep", 1, "--yes")

    again = story.result(story.run(epochs=2, blessed=False))
    other = story.result(story.run(epochs=1, blessed=False))

    assert [node.name for node in again.nodes if node.cached] == [node.name for node in again.nodes]
    assert [node.name for node in other.nodes if node.cached] == ["Rows", "StatisticsGen"]


def test_a_model_stays_with_which_a_run_was_compared(story, headrace):
    blessed = story.run(epochs=1)
    compared = story.run(epochs=2, blessed=False)
    baseline = story.records(compared)["Baseline"].outputs["model"][0]
    latest = story.run(epochs=3)
    shutil.rmtree(story.serving)

    headrace("gc", "--keep", 2, "--yes")

    assert story.folders() == [compared, latest]
    assert baseline.id == story.records(latest)["Baseline"].outputs["model"][0].id
    assert pathlib.Path(baseline.uri).is_dir()
    assert blessed not in story.folders()


def test_an_input_whose_files_go_is_told_of_as_deleted(story, headrace):
    """The Trainer of a run that stays was given rows that no run that stays names."""
    first = story.run(blessed=False)
    second = story.run(epochs=2, blessed=False)
    rows = story.records(second)["Rows"].outputs["examples"][0]
    (story.runs / second / "records" / "Rows.json").unlink()
    unlink_run(story, second, "birds.Rows")

    headrace("gc", "--keep", 1, "--yes")

    assert first not in story.folders()
    assert not pathlib.Path(rows.uri).exists()
    with lineage.opened(story.runs) as store:
        (artifact,) = store.get_artifacts_by_id([rows.id])
    assert artifact.state == pb.Artifact.DELETED
    assert unsound(story.runs) == []


def unlink_run(story, run, component):
    """Takes the execution of a component out of a run, as if it had been part of another one."""
    database = sqlite3.connect(story.runs / lineage.DATABASE)
    database.execute(
        """
        UPDATE Association SET context_id = (SELECT id FROM Context WHERE name = ?)
        WHERE context_id = (SELECT id FROM Context WHERE name = ?) AND execution_id IN (
            SELECT Execution.id FROM Execution JOIN Type ON Type.id = Execution.type_id
            WHERE Type.name = ?
        )
        """,
        ("20260101-000000-000001", run, component),
    )
    database.commit()
    database.close()


def test_half_an_output_goes_though_its_run_stays(story, headrace):
    killed = story.run(ends="killed")
    halves = [story.runs / "artifacts" / "Trainer" / name / "3" for name in ("model", "model_run")]
    assert halves[0].is_dir()
    assert halves[1].is_symlink()  # to the checkpoints

    told = headrace("gc", "--yes")

    assert "2 half-written outputs" in told.text
    assert story.folders() == [killed]
    assert not any(os.path.lexists(half) for half in halves)
    assert len(list((story.runs / "checkpoints").iterdir())) == 1


def test_scratch_that_a_killed_node_left_goes(story, headrace):
    story.run(ends="killed")
    beam = story.runs / "artifacts" / "Trainer" / ".system" / "executor_execution" / "3" / ".temp"
    beam.mkdir()
    (beam / "shard").write_text("rows")
    pushing = story.serving / ".pushing-abc"
    pushing.mkdir()
    os.utime(pushing, (0, 0))  # a young one may be that of a push which has just begun
    (story.serving / ".pushing-young").mkdir()
    driver = story.runs / "artifacts" / "Rows" / ".system" / "driver_execution" / "1795783162320098"
    driver.mkdir(parents=True)

    told = headrace("gc", "--yes")

    assert "3 scratch folders" in told.text
    assert not any(path.exists() for path in (beam, driver, pushing))
    assert (story.serving / ".pushing-young").exists()


def test_outputs_of_a_run_without_records_stay_by_what_ml_metadata_says(story, headrace):
    story.run(epochs=1, blessed=False)
    newest = story.run(epochs=2, blessed=False)
    outputs = [
        pathlib.Path(one.uri)
        for made in story.records(newest).values()
        for found in made.outputs.values()
        for one in found
    ]
    shutil.rmtree(story.runs / newest / "records")

    headrace("gc", "--keep", 1, "--yes")

    assert story.folders() == [newest]
    assert all(path.is_dir() for path in outputs)


def test_outputs_of_an_execution_that_did_not_end_well_go(story, headrace):
    run = story.run(blessed=False)
    model = story.output(run, "model")
    examples = story.output(run, "examples")
    shutil.rmtree(story.runs / run / "records")
    database = sqlite3.connect(story.runs / lineage.DATABASE)
    (kind,) = database.execute("SELECT id FROM Type WHERE name = 'birds.Trainer'").fetchone()
    failed = pb.Execution.FAILED
    database.execute("UPDATE Execution SET last_known_state = ? WHERE type_id = ?", (failed, kind))
    database.commit()
    database.close()

    headrace("gc", "--yes")

    assert examples.is_dir()
    assert not model.exists()
    assert unsound(story.runs) == []


def test_files_that_no_run_wrote_stay_and_are_named(story, headrace, tmp_path):
    removed = story.run(blessed=False)
    story.run(epochs=2, blessed=False)
    outside = tmp_path / "outside"
    outside.mkdir()
    mine = [
        story.runs / "notes.txt",
        story.runs / removed / "notebook.ipynb",
        story.runs / "artifacts" / "notes.txt",
        story.runs / "artifacts" / "Trainer" / "notes.txt",
        story.runs / "artifacts" / "Trainer" / "model" / "best",
    ]
    for path in mine:
        path.write_text("mine")
    links = [story.runs / "20200101-000000-000000", story.runs / "artifacts" / "Linked"]
    for link in links:
        link.symlink_to(outside, target_is_directory=True)
    (outside / "model" / "7").mkdir(parents=True)

    told = headrace("gc", "--keep", 1, "--yes", "--json").json

    assert sorted(told["unknown"]) == sorted(map(str, [*mine, *links]))
    assert all(path.read_text() == "mine" for path in mine)
    assert [path.name for path in (story.runs / removed).iterdir()] == ["notebook.ipynb"]
    assert all(link.is_symlink() for link in links)
    assert (outside / "model" / "7").is_dir()

    told = headrace("gc", "--keep", 1)

    assert "There is nothing to remove." in told.text
    assert f"runs/{removed}" in told.text  # no run any more, but a folder of somebody's


def test_folders_of_ours_that_are_links_are_left_alone(story, headrace, tmp_path):
    for _ in range(2):
        story.run(blessed=False)
    story.run(epochs=2, blessed=False)
    for name in ("artifacts", "cache", "checkpoints", "serving"):
        (story.runs / name).rename(tmp_path / name)
        (story.runs / name).symlink_to(tmp_path / name, target_is_directory=True)
    before = sorted(tmp_path.glob("artifacts/**/*"))

    headrace("gc", "--keep", 1, "--yes")

    assert sorted(tmp_path.glob("artifacts/**/*")) == before


def test_a_folder_of_runs_that_is_itself_a_link_is_cleaned(story, headrace, tmp_path):
    story.run(blessed=False)
    newest = story.run(epochs=2, blessed=False)
    story.runs.rename(tmp_path / "disk")
    story.runs.symlink_to(tmp_path / "disk", target_is_directory=True)

    headrace("gc", "--keep", 1, "--yes")

    assert story.folders() == [newest]
    assert unsound(story.runs) == []


def test_runs_that_were_moved_keep_their_outputs(story, headrace, tmp_path):
    story.run(blessed=False)
    story.run(epochs=2, blessed=False)
    model = story.output("20260101-000000-000002", "model").relative_to(story.runs)
    moved = tmp_path / "moved"
    story.runs.rename(moved)

    headrace("gc", "--runs", moved, "--keep", 1, "--yes")

    assert (moved / model / "file.txt").exists()
    assert len(list((moved / "artifacts" / "Trainer" / "model").iterdir())) == 1


def test_what_others_registered_in_ml_metadata_stays_with_its_inputs(story, headrace):
    first = story.run(blessed=False)
    model = story.records(first)["Trainer"].outputs["model"][0]
    with lineage.opened(story.runs) as store:
        kind = store.put_execution_type(pb.ExecutionType(name="somebody.Notebook"))
        (artifact,) = store.get_artifacts_by_id([model.id])
        event = pb.Event(type=pb.Event.INPUT)
        notebook, _, _ = store.put_execution(pb.Execution(type_id=kind), [(artifact, event)], [])
    story.run(epochs=2, blessed=False)

    headrace("gc", "--keep", 1, "--yes")

    assert first not in story.folders()
    assert pathlib.Path(model.uri).is_dir()
    with lineage.opened(story.runs) as store:
        assert [each.id for each in store.get_executions_by_id([notebook])] == [notebook]
    assert unsound(story.runs) == []


def test_runs_that_others_made_in_the_same_database_stay_with_their_outputs(story, headrace):
    """As TFX's own runner makes them, which names a run by its time."""
    first = story.run(blessed=False)
    outputs = sorted((story.runs / "artifacts").glob("*/*/*"))
    database = sqlite3.connect(story.runs / lineage.DATABASE)
    name = "2026-01-01T00:00:00.123456"
    database.execute("UPDATE Context SET name = ? WHERE name = ?", (name, first))
    database.commit()
    database.close()
    shutil.rmtree(story.runs / first)
    story.run(rows=(9.0,), blessed=False)

    told = headrace("gc", "--yes")

    assert all(path.exists() for path in outputs)
    assert "Left alone with all their outputs: 1 run of others in ML Metadata" in told.text


def test_an_entry_of_the_cache_that_cannot_be_read_goes(story, headrace):
    story.run()
    torn = story.runs / "cache" / "Rows" / f"{'0' * 64}.json"
    torn.write_text('{"node": ')
    (torn.parent / ".writing-abc").write_text("")
    (story.runs / "cache" / "pipeline").mkdir()
    compiled = story.runs / "cache" / "pipeline" / "abc.pb"
    compiled.write_text("")

    told = headrace("gc", "--yes")

    assert "2 entries of the cache" in told.text
    assert sorted(path.suffix for path in torn.parent.iterdir()) == [".json"]
    assert compiled.exists()


ASKED = st.fixed_dictionaries(
    {
        "rows": st.sampled_from([(1.0,), (1.0, 2.0)]),
        "epochs": st.integers(1, 2),
        "blessed": st.booleans(),
        "ends": st.sampled_from(["well", "well", "well", "failed", "killed"]),
        "at": st.sampled_from(["Rows", "Trainer", "Evaluator"]),
        "spec_file": st.sampled_from(["spec.toml", "other.toml"]),
    }
)


@settings(max_examples=30)
@given(asked=st.lists(ASKED, min_size=1, max_size=6), keep=st.integers(1, 4))
def test_after_any_history_all_that_stays_is_whole_and_nothing_more_is_to_go(
    tmp_path_factory, asked, keep
):
    story = Story(tmp_path_factory.mktemp("story") / "runs")
    runs = [story.run(**each) for each in asked]
    before = lineage.blessed_models(story.runs, PIPELINE)

    collect(story.runs, keep, really=True)

    assert set(runs[-keep:]) <= set(story.folders())
    assert unsound(story.runs) == []
    for run in story.folders():
        for made in story.records(run).values():
            for output in (one for found in made.outputs.values() for one in found):
                assert pathlib.Path(output.uri).is_dir(), f"{output.uri} of run {run}"
                assert lineage.are_live(story.runs, [output.id])
    assert lineage.blessed_models(story.runs, PIPELINE)[:1] == before[:1]
    again = collect(story.runs, keep, really=False)
    assert (again.leftovers, again.executions, again.artifacts) == ([], 0, 0)
    if asked[-1]["ends"] == "well":
        rerun = story.result(story.run(**asked[-1]))
        # A new baseline may have come with the run itself, and others have gone.
        late = ("Baseline", "Evaluator", "Pusher")
        assert all(node.cached for node in rerun.nodes if node.name not in late)
