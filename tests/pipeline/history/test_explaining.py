"""`headrace explain`."""


def test_a_node_that_ran_is_explained_with_what_its_key_is_made_of(story, headrace):
    run = story.run()

    told = headrace("explain", "Trainer")

    made = story.records(run)["Trainer"]
    examples = story.records(run)["Rows"].outputs["examples"][0].digest
    assert told.code == 0
    assert told.lines == [
        f"Trainer ran in run {run} (1.5 s):",
        "  it is new",
        "",
        f"Its key, {made.key[:8]}, is made of",
        "  component   birds.Trainer",
        "  properties  epochs",
        "  code        1 module",
        "  libraries   keras 3.15.1",
        f"  inputs      examples {examples[:8]}",
        "",
        f"Log: runs/{run}/logs/Trainer.log",
    ]


def test_files_of_the_users_are_named_and_modules_counted(story, headrace):
    run = story.run()
    made = story.records(run)["Trainer"]
    made.parts.code = {"mine.py": "1", "modules.a": "2", "modules.b": "3"}
    (story.runs / run / "records" / "Trainer.json").write_text(made.model_dump_json())

    assert "  code        2 modules, mine.py" in headrace("explain", "Trainer").lines


def test_a_node_that_the_cache_served_is_explained_with_the_run_that_made_it(story, headrace):
    first = story.run()
    run = story.run(epochs=2)

    told = headrace("explain", "Rows", "--run", run)

    assert told.lines[:2] == [
        f"Rows was served by the cache in run {run}, which has what run {first} made:",
        f"  nothing it depends on has changed since run {first}",
    ]
    assert told.lines[-1] == f"Log: runs/{first}/logs/Rows.log"


def test_a_node_that_did_not_run_says_so(story, headrace):
    run = story.run(ends="failed", at="Trainer")

    told = headrace("explain", "Pusher")

    assert told.lines == [
        f"Pusher did not run in run {run}:",
        "  a node that it depends on failed, or the run was cut short",
    ]


def test_a_node_of_a_run_that_died_is_explained_from_its_record(story, headrace):
    first = story.run()
    run = story.run(epochs=2, ends="killed", at="Trainer")

    served, killed = headrace("explain", "Rows"), headrace("explain", "Trainer")

    assert served.lines[0].startswith(f"Rows was served by the cache in run {run}, which has what")
    assert first in served.lines[0]
    assert killed.lines == [
        f"Trainer ran and did not end well in run {run}:",
        "  the run kept no reason: it was killed",
        "",
        f"Log: runs/{run}/logs/Trainer.log",
    ]


def test_a_node_that_is_not_there_is_answered_with_the_nearest(story, headrace):
    run = story.run()

    told = headrace("explain", "trainr")

    assert told.code == 2
    assert told.text == (
        f"error: run {run}: no node 'trainr', expected one of Rows, StatisticsGen, Trainer, "
        "Baseline, Evaluator, Pusher; did you mean 'Trainer'?\n"
    )


def test_a_run_that_died_before_its_first_node_has_none_to_explain(story, headrace):
    story.run(ends="unbegun")

    told = headrace("explain", "Trainer")

    assert told.code == 2
    assert "no node 'Trainer': none had begun" in told.text
