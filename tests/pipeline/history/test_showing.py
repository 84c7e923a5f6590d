"""`headrace show`."""

import json

import pytest


def test_a_run_is_shown_with_what_it_was_asked_for_and_how_it_ended(story, headrace):
    first = story.run(ends="failed")
    run = story.run(resumes=first)

    told = headrace("show", run)

    assert told.code == 0
    assert told.lines[0] == f"Run {run} of birds: blessed"
    rows = dict(line.split(None, 1) for line in told.lines[1:8])
    assert rows == {
        "reason": "1 rule",
        "when": "2026-01-01 00:00:00, 12.5 s",
        "metrics": "accuracy 0.75, auc 0.71",
        "pushed": "runs/serving/1",
        "spec": "spec.toml --set training.epochs=1",
        "resumes": f"run {first}",
        "log": f"runs/{run}/log.txt",
    }


def test_a_node_that_ran_tells_why_where_its_log_is_and_what_came_out(story, headrace):
    run = story.run()

    text = headrace("show", "last").text

    # One file, "examples of (1.0, 2.0, 6.0), 1, True": 12 + 15 + 9 characters.
    assert text[text.index("Rows") : text.index("StatisticsGen")].splitlines() == [
        "Rows  done, 1.5 s",
        "    why           it is new",
        "    made          Rows is done",
        f"    log           runs/{run}/logs/Rows.log",
        "    examples      runs/artifacts/Rows/examples/1  36 B",
        "",
    ]


def test_a_node_that_the_cache_served_tells_of_which_run_and_has_its_log(story, headrace):
    first = story.run()
    run = story.run(epochs=2)

    nodes = {node["name"]: node for node in headrace("show", run, "--json").json["nodes"]}

    served = {name: node["ran_in"] for name, node in nodes.items() if node["cached"]}
    assert served == {"Rows": first, "StatisticsGen": first}
    assert nodes["Rows"]["log"] == str(story.runs / first / "logs" / "Rows.log")
    assert nodes["Trainer"]["ran_in"] == run


def test_outputs_that_are_gone_are_said_to_be_gone(story, headrace):
    run = story.run()
    folder = story.output(run, "examples")
    folder.rename(folder.with_name("moved"))

    assert "runs/artifacts/Rows/examples/1  gone" in headrace("show", run).text


def test_runs_that_were_moved_are_shown_with_their_outputs(story, headrace, tmp_path):
    story.run()
    story.runs.rename(tmp_path / "moved")

    nodes = headrace("show", "last", "--runs", tmp_path / "moved", "--json").json["nodes"]

    sizes = [one["bytes"] for node in nodes for one in node["artifacts"]]
    assert len(sizes) == 8
    assert all(sizes)


@pytest.mark.parametrize(
    "uri",
    [
        "/etc",
        "/etc/artifacts/../../passwd",
        "/artifacts/../../../etc/7",
        "/artifacts/link/etc/7",
        "gs://bucket/artifacts",
        "",
    ],
)
def test_nothing_outside_the_folder_is_measured(story, headrace, tmp_path, uri):
    run = story.run()
    outside = tmp_path / "outside" / "etc" / "7"
    outside.mkdir(parents=True)
    (outside / "secret").write_text("1234")
    (story.runs / "artifacts" / "link").symlink_to(tmp_path / "outside")
    made = story.records(run)["Rows"]
    made.outputs["examples"][0].uri = uri
    (story.runs / run / "records" / "Rows.json").write_text(made.model_dump_json())

    (rows,) = (
        node for node in headrace("show", run, "--json").json["nodes"] if node["name"] == "Rows"
    )

    assert [one["bytes"] for one in rows["artifacts"]] == [None]


def test_a_log_that_leads_elsewhere_is_not_shown(story, headrace, tmp_path):
    run = story.run()
    (tmp_path / "secret").write_text("1234")
    result = story.result(run)
    result.nodes[0].log = "../../secret"
    (story.runs / run / "result.json").write_text(result.model_dump_json())

    nodes = headrace("show", run, "--json").json["nodes"]

    assert nodes[0]["log"] is None


def test_of_a_run_that_died_those_nodes_are_shown_that_began(story, headrace):
    story.run(ends="killed", at="Trainer")

    told = headrace("show", "last", "--json").json

    assert told["verdict"] == "died"
    assert [(node["name"], node["state"]) for node in told["nodes"]] == [
        ("Rows", "done"),
        ("StatisticsGen", "done"),
        ("Trainer", "failed"),
    ]
    assert told["nodes"][2]["log"].endswith("logs/Trainer.log")


def test_a_run_of_which_only_the_result_is_left_is_shown(story, headrace):
    run = story.run()
    for name in ("request.json", "records", "logs"):
        (story.runs / run / name).rename(story.runs.parent / name)

    told = headrace("show", run)

    assert told.code == 0
    assert "spec     not known" in told.text
    assert "Trainer  done, 1.5 s" in told.text


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"first": "Trainer", "last": "Trainer"}, "--only Trainer"),
        ({"first": "Trainer", "last": "Pusher"}, "--from Trainer --to Pusher"),
        ({"uncached": ["*"]}, "--no-cache"),
        ({"uncached": ["Rows", "Trainer"]}, "--no-cache-for Rows --no-cache-for Trainer"),
        ({"overrides": ["data.source=my birds.csv"]}, "--set 'data.source=my birds.csv'"),
    ],
)
def test_what_was_asked_for_is_shown_as_one_would_type_it(story, headrace, asked, words):
    run = story.run()
    path = story.runs / run / "request.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "overrides": [], **asked}))

    assert f"spec     spec.toml {words}\n" in headrace("show", run).text


def test_a_name_that_means_no_run_ends_with_2(story, headrace):
    story.run()

    told = headrace("show", "lats")

    assert told.code == 2
    assert told.text == (
        "error: no run 'lats' in runs. `headrace runs` lists what is there; did you mean 'last'?\n"
    )
