"""Which earlier model a candidate is compared with: the latest that takes today's examples."""

import pathlib

import pytest
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.baseline.component import ABSENT, LatestPushed
from components.baseline.strategy import CANDIDATE, SERVABLE, LatestComparableModel
from modules import progress
from modules.spec.label import Label
from modules.spec.learning import Interface

LABEL = Label(column="late", task="binary")
TODAY = Interface(label=LABEL, columns={"distance": "number", "carrier": "text"})


@pytest.fixture
def resolve(tmp_path):
    """The number of the model that is chosen among some, given as (interface, blessed)."""

    def resolve(*models, candidate=None, fit=()):
        artifacts, blessings = [], []
        for number, (interface, blessed) in enumerate(models, 1):
            model = standard_artifacts.Model()
            model.uri, model.id = str(tmp_path / str(number)), number
            file = pathlib.Path(path_utils.serving_model_path(model.uri)) / Interface.FILE
            if interface != "gone":
                file.parent.mkdir(parents=True)
            if interface not in (None, "gone"):
                file.write_text(
                    interface if isinstance(interface, str) else interface.model_dump_json()
                )
            blessing = standard_artifacts.ModelBlessing()
            blessing.set_int_custom_property("current_model_id", number)
            blessing.set_int_custom_property("blessed", int(blessed))
            artifacts.append(model)
            blessings.append(blessing)
        strategy = LatestComparableModel(TODAY.model_dump_json())
        given = {"model": artifacts, "blessing": blessings}
        if candidate:
            given[CANDIDATE] = [artifacts[candidate - 1]]
        given[SERVABLE] = [infra_blessing(number, good) for number, good in fit]
        found = strategy.resolve_artifacts(None, given)
        assert set(found) == set(given)
        return [model.id for model in found["model"]]

    return resolve


def infra_blessing(model, good):
    made = standard_artifacts.InfraBlessing()
    made.set_int_custom_property("current_model_id", model)
    made.set_int_custom_property("blessed", int(good))
    return made


def test_a_model_that_could_never_be_served_is_passed_over(resolve):
    assert resolve((TODAY, True), (TODAY, True), fit=[(1, True), (2, False)]) == [1]


def test_a_model_that_could_be_served_once_was_pushed_and_is_the_baseline(resolve):
    assert resolve((TODAY, True), (TODAY, True), fit=[(2, True), (2, False)]) == [2]


def test_the_latest_blessed_model_is_the_baseline(resolve):
    assert resolve((TODAY, True), (TODAY, True), (TODAY, False)) == [2]


def test_a_model_that_the_cache_served_is_not_compared_with_itself(resolve):
    # The third was blessed by the run that trained it; the second was never.
    assert resolve((TODAY, True), (TODAY, False), (TODAY, True), candidate=3) == [1]


def test_the_only_blessed_model_has_no_baseline_when_the_cache_serves_it(resolve):
    assert resolve((TODAY, True), candidate=1) == []


def test_without_a_blessed_model_there_is_no_baseline(resolve):
    assert resolve() == []
    assert resolve((TODAY, False)) == []


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (
            Interface(label=LABEL, columns={**TODAY.columns, "origin": "text"}),
            "it takes column 'origin', which is no feature today",
        ),
        (
            Interface(label=LABEL, columns={"distance": "text"}),
            "it takes column 'distance' as text, which is number today",
        ),
        (
            Interface(label=LABEL.model_copy(update={"column": "late_15"}), columns=TODAY.columns),
            "it predicts 'late_15' (binary of 0, 1), not 'late' (binary of 0, 1)",
        ),
        (
            Interface(
                label=LABEL.model_copy(update={"classes": ("no", "yes")}), columns=TODAY.columns
            ),
            "it predicts 'late' (binary of no, yes), not 'late' (binary of 0, 1)",
        ),
        (None, "it has no assets.extra/interface.json"),
        ("gone", "its files are gone"),
        ("", "its assets.extra/interface.json is of another version of Headrace"),
        ('{"label": 3}', "its assets.extra/interface.json is of another version of Headrace"),
    ],
    ids=[
        "a column more",
        "another type",
        "another label",
        "other classes",
        "silent",
        "gone",
        "empty",
        "old",
    ],
)
def test_a_model_that_cannot_take_todays_examples_is_passed_over_and_why_is_said(
    resolve, other, why
):
    with progress.heard() as said:
        assert resolve((TODAY, True), (other, True)) == [1]

    assert said == [f"model 2 was blessed later, but {why}"]


def test_a_model_that_takes_fewer_columns_can_be_compared_with(resolve):
    assert resolve((Interface(label=LABEL, columns={"distance": "number"}), True)) == [1]


def pushed(folder, version, interface):
    file = folder / version / Interface.FILE
    file.parent.mkdir(parents=True)
    file.write_text(interface.model_dump_json())
    return file


def latest(folder, model):
    made = LatestPushed(destination="", interface="").executor_spec.executor_class(None)
    made.Do(
        {}, {"model": [model]}, {"destination": str(folder), "interface": TODAY.model_dump_json()}
    )


@pytest.fixture
def model(tmp_path):
    made = standard_artifacts.Model()
    made.uri = str(tmp_path / "model")
    (tmp_path / "model").mkdir()
    return made


def test_where_nothing_can_be_asked_the_newest_pushed_version_is_the_baseline(tmp_path, model):
    pushed(tmp_path / "serving", "9", TODAY)
    newest = pushed(tmp_path / "serving", "10", TODAY)  # as numbers, not as text
    newest.with_name("mark").write_text("newest")
    (tmp_path / "serving" / ".pushing-x").mkdir()

    latest(tmp_path / "serving", model)

    copied = pathlib.Path(path_utils.serving_model_path(model.uri)) / "assets.extra"
    assert (copied / "mark").read_text() == "newest"
    assert not model.has_custom_property(ABSENT)


def test_a_pushed_version_that_does_not_take_todays_examples_is_passed_over(tmp_path, model):
    pushed(tmp_path / "serving", "9", TODAY).with_name("mark").write_text("taken")
    pushed(tmp_path / "serving", "10", Interface(label=LABEL, columns={"distance": "text"}))

    latest(tmp_path / "serving", model)

    copied = pathlib.Path(path_utils.serving_model_path(model.uri)) / "assets.extra"
    assert (copied / "mark").read_text() == "taken"


@pytest.mark.parametrize("folder", ["serving", "gone"])
def test_without_a_version_the_model_is_marked_absent(tmp_path, model, folder):
    (tmp_path / "serving").mkdir()

    latest(tmp_path / folder, model)

    assert model.get_int_custom_property(ABSENT) == 1
