"""Each committed data set, from its file to a pushed model that a clean process can query."""

import json
import pathlib
import re

import pytest

# By data set, the metric that its README compares, and whether higher is better.
BARS = {
    "flights": ("auc", 0.64),  # gradient boosting 0.659, schedule columns alone 0.601
    "penguins": ("accuracy", 0.95),  # gradient boosting 0.983
    "diamonds": ("rmse", 600),  # gradient boosting 570
}
ANSWERS = {
    "flights": r"probability \[\[0\.\d+\]\]",
    "penguins": r"probabilities \[\[.+\]\]",
    "diamonds": r"prediction \[\[\d+\.\d+\]\]",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BARS)
def test_a_data_set_ends_as_a_pushed_model_that_tensorflow_alone_can_query(
    name, copy_of, json_of, tensorflow_alone
):
    spec = copy_of(name)

    code, result = json_of("run", spec)

    assert code == 0, result["reason"]
    assert (result["verdict"], result["pipeline"]) == ("blessed", name)
    assert [node["state"] for node in result["nodes"]] == ["done"] * 11
    metric, bar = BARS[name]
    value = result["metrics"][metric]
    assert value <= bar if metric == "rmse" else value >= bar
    version = pathlib.Path(result["pushed"])
    assert version.parent == spec.parent / "runs" / "serving"
    query = tensorflow_alone(spec.parent / "runs" / result["run"] / "query.py")
    assert query.returncode == 0, query.stderr
    assert re.search(ANSWERS[name], query.stdout)


@pytest.mark.slow
def test_a_second_run_is_compared_with_the_first_and_pushed_beside_it(birds, json_of):
    _, first = json_of("run", birds)
    rule = "evaluation.rules=[{metric='accuracy', change_min=2}]"  # nothing can gain so much

    code, second = json_of("run", birds, "--no-cache", "--set", rule)

    assert first["reason"] == "the spec has no rules"
    assert code == 5
    assert (second["verdict"], second["pushed"]) == ("not_blessed", None)
    assert re.fullmatch(
        r"accuracy changed by \S+ from \S+, expected at least \+2", second["reason"]
    )
    versions = (birds.parent / "runs" / "serving").iterdir()
    assert [str(version) for version in versions] == [first["pushed"]]


@pytest.mark.slow
def test_quantiles_of_a_price_are_learned_and_judged(copy_of, json_of, tensorflow_alone):
    spec = copy_of("diamonds")
    label = "label={column='price', task='quantile', quantiles=[0.1, 0.5, 0.9]}"
    rules = (
        "evaluation.rules=[{metric='coverage@0.1', min=0.05, max=0.15}, "
        "{metric='coverage@0.9', min=0.85, max=0.95}, {metric='pinball', max=250}]"
    )

    code, result = json_of("run", spec, "--set", label, "--set", rules)

    assert code == 0, result["reason"]
    assert result["reason"] == "3 rules hold"
    query = tensorflow_alone(spec.parent / "runs" / result["run"] / "query.py")
    low, middle, high = json.loads(query.stdout.removeprefix("quantiles "))[0]
    assert low <= middle <= high


@pytest.mark.slow
def test_a_model_that_breaks_a_rule_is_blessed_by_force_on_record(birds, json_of):
    rule = "evaluation.rules=[{metric='accuracy', min=1.1}]"

    refused, before = json_of("run", birds, "--set", rule)
    code, result = json_of("run", birds, "--set", rule, "--force-bless", "a drill")

    assert (refused, code) == (5, 0)
    assert before["rules"][0]["outcome"] == result["rules"][0]["outcome"] == "broken"
    assert re.fullmatch(
        r"forced by .+: a drill; otherwise not: accuracy is \S+, expected at least 1.1",
        result["reason"],
    )
    assert result["pushed"]


@pytest.mark.slow
def test_steps_of_tfx_may_do_what_ours_do(birds, json_of):
    stock = "stock=['StatisticsGen', 'Transform', 'Evaluator']"

    code, result = json_of("run", birds, "--set", stock)

    assert code == 0, result["reason"]
    assert result["metrics"]["accuracy"] >= 0.9
    made = birds.parent / "runs" / "artifacts" / "Transform" / "transformed_examples"
    (file,) = made.glob("*/Split-train/*")
    assert file.suffix == ".gz"  # of tf.Examples, which only TFX's Transform writes


@pytest.mark.slow
def test_a_users_own_preprocessing_and_model_replace_ours(birds, json_of):
    (birds.parent / "mine.py").write_text(
        "import keras\n"
        "import tensorflow as tf\n"
        "def prepare(inputs):\n"
        "    mass = tf.sparse.to_dense(inputs['body_mass_g'], 4000.0)\n"
        "    return {'mass': tf.reshape(mass, [-1, 1]) / 4000.0}\n"
        "def build(columns, head, settings):\n"
        "    assert [column.name for column in columns] == ['mass']\n"
        "    mass = keras.Input((1,))\n"
        "    hidden = keras.layers.Dense(settings['units'])(mass)\n"
        "    output = keras.layers.Dense(head.classes, activation='softmax')(hidden)\n"
        "    return keras.Model({'mass': mass}, output)\n"
    )
    birds.write_text(re.sub(r"\[model\]\n(.+\n)*", "", birds.read_text()))

    code, result = json_of(
        *("run", birds),
        *("--set", "preprocessing.function=mine.py:prepare"),
        *("--set", "model.family=mine.py:build"),
        *("--set", "model.settings={units=4}"),
    )

    assert code == 0, result["reason"]
