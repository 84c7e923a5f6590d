"""`headrace diff`."""

import json

from pipeline.local import record as record_of


def rewritten(story, run, node="Trainer", **parts):
    """Lays other code or libraries over those of a node of a run."""
    made = story.records(run)[node]
    made.parts = made.parts.model_copy(update=parts)
    record_of.write(made, story.runs / run / "records" / f"{node}.json")


def test_two_runs_of_the_same_do_not_differ(story, headrace):
    first, second = story.run(), story.run()

    told = headrace("diff", first, second)

    assert told.code == 0
    assert told.lines == [
        f"What differs: run {first}, then run {second}",
        "",
        "No difference in spec, code, libraries, data, metrics",
    ]


def test_a_key_of_the_spec_that_differs_has_its_path_and_metrics_their_change(story, headrace):
    first = story.run(epochs=1)
    second = story.run(epochs=4, blessed=False)

    told = headrace("diff", first, second)

    # AUC is 0.7 + epochs / 100.
    assert told.lines[2:] == [
        "spec",
        "  training.epochs          1    4",
        "  evaluation.rules[0].min  0.6  0.99",
        "",
        "metrics",
        "  auc  0.71  0.74  +0.03",
        "",
        "No difference in code, libraries, data",
    ]


def test_libraries_of_a_node_that_only_one_run_has_do_not_differ(story, headrace):
    first, second = story.run(ends="failed", at="Pusher"), story.run()

    rewritten(story, second, "Pusher", libraries={"grpcio": "1.85.1"})

    told = headrace("diff", first, second, "--json").json

    assert "Pusher" not in story.records(first)
    assert told["libraries"] == []


def test_keys_that_only_one_spec_has_have_no_other_value(story, headrace):
    first, second = story.run(), story.run()
    path = story.runs / second / "request.json"
    request = json.loads(path.read_text())
    spec = json.loads(request["spec"])
    del spec["evaluation"]
    spec["model"] = {"hidden": [8, 8]}
    path.write_text(json.dumps({**request, "spec": json.dumps(spec)}))

    told = headrace("diff", first, second, "--json").json

    assert told["spec"] == [
        {"name": "evaluation.rules[0].metric", "old": "auc", "new": None},
        {"name": "evaluation.rules[0].min", "old": "0.6", "new": None},
        {"name": "model.hidden", "old": None, "new": "[8, 8]"},
    ]


def test_code_and_libraries_that_differ_are_named_with_the_nodes_that_use_them(story, headrace):
    first, second = story.run(), story.run()
    rewritten(
        story, first, code={"modules.fit": "1", "mine.py": "1"}, libraries={"keras": "3.15.1"}
    )
    rewritten(
        story, second, code={"modules.fit": "2", "modules.loss": "1"}, libraries={"keras": "3.16.0"}
    )

    told = headrace("diff", first, second)

    assert told.lines[2:9] == [
        "code",
        "  mine.py       removed  Trainer",
        "  modules.fit   changed  Trainer",
        "  modules.loss  added    Trainer",
        "",
        "libraries",
        "  keras  3.15.1  3.16.0",
    ]


def test_data_that_differs_is_listed_the_biggest_change_first(story, headrace):
    first = story.run(rows=(1.0, 2.0, 6.0))
    second = story.run(rows=(1.0, 2.0, 6.0, 11.0))

    told = headrace("diff", first, second)

    # Of 3 rows, then 4: mean 3, then 5; max 6, then 11.
    assert told.lines[2:6] == [
        "data",
        "  train  mass   max   6  11  +83.3%",
        "  train  mass   mean  3   5  +66.7%",
        "  train  (all)  rows  3   4  +33.3%",
    ]


def test_what_one_of_the_runs_has_not_is_not_compared(story, headrace):
    first = story.run()
    died = story.run(epochs=2, ends="killed", at="Rows")

    told = headrace("diff", first, died, "--json").json

    assert told["unknown"] == {
        "code": f"no records of nodes in run {died}",
        "libraries": f"no records of nodes in run {died}",
        "data": f"no outputs of StatisticsGen in run {died}",
        "metrics": f"no metrics in run {died}",
    }
    assert [change["name"] for change in told["spec"]] == ["training.epochs"]
    assert told["code"] == told["libraries"] == told["data"] == told["metrics"] == []


def test_statistics_that_cannot_be_read_are_not_compared(story, headrace):
    first = story.run()
    second = story.run(rows=(1.0, 2.0))
    (path,) = story.output(second, "statistics").rglob("FeatureStats.pb")
    path.write_bytes(b"\xff\xff")

    told = headrace("diff", first, second)

    assert f"Not compared: data (no outputs of StatisticsGen in run {second})" in told.lines


def test_names_and_values_are_printed_as_they_are(story, headrace):
    first, second = story.run(), story.run()
    rewritten(story, second, libraries={"[red]keras": "\x1b]0;title\x07"})

    assert r"  [red]keras  -  \x1b]0;title\x07" in headrace("diff", first, second).lines


def test_a_run_that_is_not_there_ends_with_2(story, headrace):
    story.run()

    assert headrace("diff", "last", "1999").code == 2
