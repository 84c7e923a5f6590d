"""How `headrace gc` removes: first unfindable, then gone; and ML Metadata is usable as before."""

import json
import pathlib
import sqlite3
import subprocess
import sys

import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from modules.errors import SpecError
from pipeline import lineage
from pipeline.history.gc import metadata
from pipeline.history.gc.metadata import Removal
from tests.pipeline.history.gc.sound import unsound
from tests.pipeline.history.story import PIPELINE, contents_of

ROOT = pathlib.Path(__file__).parents[4]


def sql(story, statement):
    database = sqlite3.connect(story.runs / lineage.DATABASE)
    found = database.execute(statement).fetchall()
    database.commit()
    database.close()
    return found


def test_whenever_gc_is_killed_nothing_is_taken_for_whole_and_the_next_one_ends_its_work(tmp_path):
    words = [sys.executable, "-m", "tests.pipeline.history.gc.killing", str(tmp_path)]
    finished = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    kills = [json.loads(line) for line in finished.stdout.splitlines()]

    assert len(kills) > 20
    assert {
        step: (told["unsound"], told["unsound after"], told["left"])
        for step, told in enumerate(kills)
        if told["unsound"] or told["unsound after"] or told["left"]
    } == {}
    undisturbed = kills[-1]
    assert all(told["there"] == undisturbed["there"] for told in kills)
    assert all(told["blessed"] == undisturbed["blessed"] != [] for told in kills)


def test_without_yes_nothing_changes_and_the_command_that_would_is_printed(story, headrace):
    story.run(blessed=False)
    story.run(epochs=2, blessed=False)
    before = contents_of(story.runs)

    told = headrace("gc", "--keep", 1)

    after = contents_of(story.runs)
    del before[".lock"], after[".lock"]  # says who held it last
    assert after == before
    assert told.lines[0].startswith("Would be removed from runs: ")
    assert told.lines[-1] == "Nothing was removed. To remove it: headrace gc --keep 1 --yes"


def test_what_is_told_to_go_is_what_goes(story, headrace):
    story.run(blessed=False)
    story.run(epochs=2, blessed=False)

    would = headrace("gc", "--keep", 1, "--json").json
    does = headrace("gc", "--keep", 1, "--yes", "--json").json

    assert (would.pop("removed"), does.pop("removed")) == (False, True)
    assert would == does
    assert not any(pathlib.Path(each["path"]).exists() for each in does["leftovers"])
    # Trainer, Baseline, Evaluator and Pusher of the first run; its Rows and statistics stay.
    assert does["executions"] == 4
    # Trainer gave a model and a run of it, Evaluator two, Pusher one.
    assert does["artifacts"] == 5


def test_what_an_earlier_gc_moved_aside_goes(story, headrace):
    story.run()
    aside = story.runs / ".removing-abc"
    aside.mkdir()
    (aside / "0").write_text("1234")

    told = headrace("gc", "--yes")

    assert "1 folder of an earlier gc  " in told.text
    assert not aside.exists()
    assert headrace("gc").lines[0] == "There is nothing to remove."


def test_ml_metadata_takes_new_runs_and_gives_no_number_twice(story, headrace):
    story.run(blessed=False)
    newest = max(row for (row,) in sql(story, "SELECT id FROM Execution"))
    story.run(ends="failed", at="Rows", rows=(9.0,))

    headrace("gc", "--keep", 1, "--yes")
    run = story.run(epochs=5)

    executions = [made.execution for made in story.records(run).values()]
    assert min(executions) > newest
    assert unsound(story.runs) == []


@pytest.mark.slow  # imports TFX
def test_tfx_still_finds_the_latest_blessed_model(story, headrace):
    from tfx.dsl.input_resolution.strategies import latest_blessed_model_strategy
    from tfx.orchestration import metadata as tfx_metadata
    from tfx.orchestration.portable.input_resolution import channel_resolver
    from tfx.proto.orchestration import pipeline_pb2

    strategy = latest_blessed_model_strategy.LatestBlessedModelStrategy()
    story.run(epochs=1)
    blessed = story.run(epochs=2)
    story.run(epochs=3, blessed=False)
    headrace("gc", "--keep", 1, "--yes")

    found = {}
    with tfx_metadata.Metadata(lineage.connection(story.runs)) as handle:
        for key, kind in (("model", "Model"), ("model_blessing", "ModelBlessing")):
            channel = pipeline_pb2.InputSpec.Channel()
            query = channel.context_queries.add()
            query.type.name, query.name.field_value.string_value = "pipeline", PIPELINE
            channel.artifact_query.type.name = kind
            found[key] = channel_resolver.resolve_single_channel(handle, channel)
        resolved = strategy.resolve_artifacts(handle.store, found)

    expected = story.records(blessed)["Trainer"].outputs["model"][0].id
    assert [artifact.id for artifact in resolved["model"]] == [expected]


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        ("UPDATE MLMDEnv SET schema_version = 11", "is of ML Metadata's schema 11, expected 10"),
        ("DELETE FROM MLMDEnv", "is of ML Metadata's schema unknown, expected 10"),
        ("DROP TABLE Event", "cannot be used: no such table: Event"),
    ],
)
def test_a_database_that_we_do_not_know_is_refused_before_anything_goes(
    story, headrace, harm, problem
):
    story.run(blessed=False)
    story.run(epochs=2, blessed=False)
    sql(story, harm)
    before = contents_of(story.runs / "artifacts") | contents_of(story.runs / "cache")

    told = headrace("gc", "--keep", 1, "--yes")

    assert told.code == 2
    assert problem in told.text
    assert len(story.folders()) == 2
    assert contents_of(story.runs / "artifacts") | contents_of(story.runs / "cache") == before


def test_a_file_that_is_no_database_is_refused(story, headrace):
    story.run()
    (story.runs / lineage.DATABASE).write_bytes(b"no database" * 1000)

    told = headrace("gc", "--yes")

    assert told.code == 2
    assert "runs/metadata.sqlite: cannot be used: file is not a database" in told.text


def test_runs_without_a_database_are_removed(story, headrace):
    for _ in range(2):
        story.run(ends="failed", at="Rows")
    (story.runs / lineage.DATABASE).unlink()

    assert headrace("gc", "--keep", 1, "--yes").code == 0
    assert len(story.folders()) == 1


def test_rows_go_all_or_none(story, monkeypatch):
    run = story.run()
    executions = frozenset(made.execution for made in story.records(run).values())
    everything = Removal(executions, frozenset(), frozenset(), frozenset([run]))
    before = sql(story, "SELECT * FROM Event")
    broken = [*metadata.PRUNE[:5], "DELETE FROM NoSuchTable"]
    monkeypatch.setattr(metadata, "PRUNE", broken)

    with pytest.raises(SpecError, match="no such table: NoSuchTable; nothing was removed from it"):
        metadata.prune(story.runs, everything)

    assert sql(story, "SELECT * FROM Event") == before


def test_contexts_of_removed_runs_go_and_those_of_what_stays_do_not(story, headrace):
    removed = story.run(ends="failed", at="Trainer")
    kept = story.run(epochs=2)

    headrace("gc", "--keep", 1, "--yes")

    with lineage.opened(story.runs) as store:
        names = {context.name for context in store.get_contexts_by_type("pipeline_run")}
        pipeline = store.get_context_by_type_and_name("pipeline", PIPELINE)
        assert len(store.get_children_contexts_by_context(pipeline.id)) == len(names)
    # The rows that the kept run took from the cache belong to the run that was removed.
    assert names == {removed, kept}

    story.run(rows=(7.0,), epochs=2)
    headrace("gc", "--keep", 1, "--yes")
    with lineage.opened(story.runs) as store:
        names = {context.name for context in store.get_contexts_by_type("pipeline_run")}
        states = {artifact.state for artifact in store.get_artifacts()}
    assert removed in names  # its rows were given to a Trainer whose model is still served
    assert states == {pb.Artifact.LIVE}
