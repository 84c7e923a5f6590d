"""What is read of a training."""

import json

import pytest

from pipeline.history.past import read
from pipeline.report.charts.run import of_training
from pipeline.report.facts import training
from pipeline.report.facts.sources import Absent, outputs_of
from tests.pipeline.report.test_report import shown


@pytest.fixture
def found(story):
    """What is read of a history."""

    def found(text):
        run = story.run()
        (story.output(run, "model_run") / "history.json").write_text(text)
        return training.of_run(outputs_of(read(story.runs / run, None)))

    return found


def history(steps=3, **more):
    return json.dumps(
        {
            "best_epoch": 1,
            "steps_taken": steps,
            "seconds": 1.5,
            "replicas": 2,
            "precision": {"name": "bfloat16"},
            "examples": {"train": 2000, "valid": 10},
            "training": {"strategy": "multi_worker", "loss": {"name": "focal"}},
            "epochs": [{"epoch": 1, "step": steps, "auc": 0.5, "val_auc": None, "val_loss": 0.7}],
            "steps": [
                {"step": n, "loss": 1 / n, "gradient_norm": None} for n in range(1, steps + 1)
            ],
            **more,
        }
    )


def test_a_training_is_told_in_words(found):
    told = found(history())

    assert told.facts["rows"] == "2,000 train, 10 valid"
    assert told.facts["strategy"] == "multi_worker, replicas: 2"
    assert told.facts["precision"] == "name bfloat16"
    assert told.settings["training.loss.name"] == "focal"
    assert told.restarts == []


RESTARTS = [
    {"step": 2, "epoch": 0.5, "reason": "worker 1 was ended by SIGKILL"},
    {"step": 6, "epoch": 1.5, "reason": "<b>one</b>"},
    {"step": 6, "epoch": 1.5, "reason": "two"},
]


def marks(chart):
    """What is marked in a chart beside its curves: where, with which text and why."""
    texts = [each for each in chart.spec["layer"] if each["mark"].get("type") == "text"]
    return [tuple(value.values()) for each in texts for value in each["data"]["values"]]


def test_restarts_are_told_with_their_step_and_marked_in_every_curve(found, story, report_of):
    charts = {chart.name: chart for chart in of_training(found(history(restarts=RESTARTS)))}

    first, second = "worker 1 was ended by SIGKILL", "<b>one</b>; two"
    best = (3, "best epoch 1", "its weights were kept")
    assert marks(charts["loss"]) == [best, (2, "R1", first), (6, "R2-R3", second)]
    assert marks(charts["metric-auc"]) == [(0.5, "R1", first), (1.5, "R2-R3", second)]
    assert charts["metric-auc"].title == "auc by epoch; R: restarts, as listed"
    run = story.run()
    (story.output(run, "model_run") / "history.json").write_text(history(restarts=RESTARTS))
    text = shown(report_of(run))
    assert "at step 2: worker 1 was ended by SIGKILL" in text
    assert "at step 6: <b>one</b>" in text


def test_restarts_of_an_older_version_are_listed_and_not_marked(found, story, report_of):
    old = history(restarts=["worker 1 was ended by SIGKILL"])

    charts = {chart.name: chart for chart in of_training(found(old))}

    assert marks(charts["metric-auc"]) == []
    assert charts["metric-auc"].title == "auc by epoch"
    run = story.run()
    (story.output(run, "model_run") / "history.json").write_text(old)
    assert "Restarts worker 1 was ended by SIGKILL" in shown(report_of(run))


def test_no_more_restarts_are_marked_than_can_be_told_apart(found):
    many = [{"step": at, "epoch": at / 10, "reason": "again"} for at in range(1000)]

    told = found(history(restarts=many))

    assert len(told.restarts) == 1000
    assert len(told.restarted_at) == 50


def test_the_layers_of_the_model_are_told_with_their_parameters(found, story, report_of):
    layers = [
        {"name": "in", "kind": "InputLayer", "output": "(None, 3)", "parameters": 0},
        {"name": "<b>own</b>", "kind": "Own", "output": None, "parameters": None},
        {"name": "out", "kind": "Dense", "output": "(None, 1)", "parameters": 4},
    ]

    told = found(history(layers=layers))

    assert [layer.name for layer in told.layers] == ["in", "<b>own</b>", "out"]
    assert told.parameters == 4
    assert found(history()).layers == []  # of an older version
    run = story.run()
    (story.output(run, "model_run") / "history.json").write_text(history(layers=layers))
    text = shown(report_of(run))
    assert "The model: 3 layers, 4 parameters" in text
    assert "out Dense (None, 1) 4" in text


def test_what_is_not_finite_is_left_out_of_a_curve(found):
    charts = {chart.name: chart for chart in of_training(found(history()))}

    assert "steps-gradient_norm" not in charts
    assert [point["y"] for point in charts["metric-auc"].values] == [0.5]


def test_a_curve_has_no_more_points_than_it_needs_and_the_last_of_them(found):
    steps = found(history(steps=5000)).steps

    assert len(steps) <= 601
    assert (steps[0]["step"], steps[-1]["step"]) == (1, 5000)


def test_layers_whose_inputs_are_known_are_drawn(story, report_of):
    given = {"name": "in", "kind": "InputLayer", "inputs": [], "output": "(None, 3)"}
    hostile = {"name": "<b>own</b>", "kind": "Own</title>", "inputs": ["in"], "parameters": 12}
    run = story.run()
    file = story.output(run, "model_run") / "history.json"

    file.write_text(history(layers=[given, hostile]))
    drawn = report_of(run).read_text()
    file.write_text(history(layers=[given, {**hostile, "inputs": None}]))
    undrawn = report_of(run).read_text()

    assert 'aria-label="The model as a graph"' in drawn
    assert "Own&lt;/title&gt; <tspan" in drawn
    assert "<b>own" not in drawn
    assert 'aria-label="The model as a graph"' not in undrawn
    assert "Not here: how the layers hang together is known of functional models" in undrawn


@pytest.mark.parametrize("restarts", [[], RESTARTS], ids=["no restart", "restarts"])
def test_the_browser_shows_marks_and_boxes_and_runs_nothing_of_them(
    chromium, story, report_of, restarts
):
    hostile = "<img src=x onerror=\"document.title = 'taken'\">"
    given = {"name": hostile, "kind": "In", "inputs": [], "output": "(None, 3)"}
    taking = {"name": "out", "kind": hostile, "inputs": [hostile], "parameters": 4}
    told = [{**each, "reason": hostile} for each in restarts]
    run = story.run()
    file = story.output(run, "model_run") / "history.json"
    file.write_text(history(steps=8, restarts=told, layers=[given, taking]))

    chromium.look("light", 380, 800)
    chromium.open(report_of(run)).draw()

    texts = "[...document.querySelectorAll('#training svg text')].map(e => e.textContent)"
    shown = chromium.value(texts)
    assert ("R1" in shown, "R2-R3" in shown) == (bool(restarts), bool(restarts))
    assert "best epoch 1" in shown
    assert [each for each in shown if each.startswith("In ")] == [f"In {hostile[:30]}…"]
    assert "4 parameters" in shown
    assert chromium.value("document.title").startswith("birds: blessed")
    assert chromium.value("document.images.length") == 0
    assert chromium.value("document.documentElement.scrollWidth") <= 380
    assert chromium.errors == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"steps": 1, "epochs": [], "best_epoch": 1}',
        history(restarts=[{"reason": "of no step"}]),
        history(restarts=[{"reason": "", "step": float("inf"), "epoch": 1}]),
        history(layers=[{"name": "x"}]),
        history(layers=[{"name": "x", "kind": "y", "parameters": "many"}]),
        history(layers=[{"name": "x", "kind": "y", "inputs": 3}]),
    ],
)
def test_a_history_that_cannot_be_read_is_said_to_be_so(found, text):
    told = found(text)

    assert isinstance(told, Absent)
    assert told.why.endswith("history.json of the Trainer cannot be read")
