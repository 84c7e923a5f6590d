"""A spec file becomes a typed spec, with overrides laid over it."""

import pytest

from components.example_gen.config import HashSplit
from modules.errors import SpecError
from modules.spec.features import Numeric
from modules.spec.learning import LearningSpec
from modules.spec.model import DEFAULT, CustomModel
from pipeline.spec import Spec, load, split_names


def test_a_short_spec_has_a_default_for_all_else(read):
    spec = read()

    assert spec.features["distance"] == Numeric(kind="numeric", unit="mile")
    assert spec.data.split == HashSplit(by="hash", train=0.8, valid=0.1, eval=0.1)
    assert spec.model == DEFAULT
    assert spec.label.classes == ("0", "1")
    assert (spec.evaluation.rules, spec.push.to, spec.beam.processes) == ((), None, 1)


def test_a_spec_comes_back_from_json_as_it_was(read):
    spec = read("validation.schema='schema.pbtxt'", "evaluation.slices=[['carrier', 'x']]")

    assert Spec.model_validate_json(spec.model_dump_json()) == spec


def test_modules_are_told_their_part_alone(read):
    spec = read("model.family=my_model.py:build", "training.steps=7")

    learning = spec.learning()

    assert type(learning) is LearningSpec
    assert learning.model == CustomModel(family="my_model.py:build")
    assert (learning.label, learning.features) == (spec.label, spec.features)
    assert learning.training.steps == 7


def test_the_columns_of_the_examples_are_features_label_and_slices(read):
    spec = read(
        "evaluation.slices=['origin', ['carrier', 'dest']]",
        "evaluation.rules=[{metric='auc', min=0.5, slice='plane'}]",
    )

    assert spec.columns() == {
        "distance": "number",
        "carrier": "text",
        "sched_dep": "time",
        "late": "text",
        "origin": "text",
        "dest": "text",
        "plane": "text",
    }


def test_example_gen_is_told_what_the_table_is_like(read):
    spec = read("data.delimiter=;", "data.missing=['-']", "label.classes=['no', 'yes']")

    table = spec.table("csv")

    assert (table.format, table.delimiter, table.missing) == ("csv", ";", ("-",))
    assert (table.label, table.classes) == ("late", ("no", "yes"))
    assert (table.columns, table.split) == (spec.columns(), spec.data.split)


def test_the_splits_are_in_order_and_valid_may_be_absent(read):
    spec = read("data.split={by='hash', eval=0.2, train=0.8}")

    assert list(split_names(read())) == ["train", "valid", "eval"]
    assert list(split_names(spec)) == ["train", "eval"]


def test_every_problem_names_the_file(folder, read):
    with pytest.raises(SpecError) as raised:
        read(text="name = 'x'\n")

    assert [line.split(": ")[:2] for line in raised.value.problems] == [
        [str(folder / "spec.toml"), key] for key in ("label", "features", "data")
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = \n", "not valid TOML: Invalid value"),
        ("name = 'a'\nname = 'b'\n", "not valid TOML: Cannot overwrite a value"),
        (b"name = '\xe9'\n", "not UTF-8 at byte 8"),
        ("", "label: is missing, and has no default"),
    ],
    ids=["not TOML", "a key twice", "not UTF-8", "empty"],
)
def test_a_file_that_is_no_spec_is_told(problems, text, problem):
    assert problems(text=text)[0].startswith(problem)


def test_a_byte_order_mark_is_told(problems):
    assert problems(text=b"\xef\xbb\xbfname = 1")[0].startswith("not valid TOML")


@pytest.mark.parametrize(
    ("name", "problem"), [("nowhere.toml", "does not exist"), (".", "is a folder")]
)
def test_a_file_that_is_not_there_is_told_with_what_writes_one(folder, name, problem):
    with pytest.raises(SpecError) as raised:
        load(folder / name)

    (said,) = raised.value.problems
    assert said == (
        f"{folder / name}: {problem}. Give a spec file; `headrace init DATA --label COLUMN` "
        "writes one"
    )


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("training.steps=200", "training.steps", 200),
        ("training.learning_rate = 1e-2", "training.learning_rate", 0.01),
        ("data.source=my file.csv", "data.source", "my file.csv"),
        ("data.source='a=b.csv'", "data.source", "a=b.csv"),
        ("data.source=a=b.csv", "data.source", "a=b.csv"),
        ("model.hidden=[8, 4]", "model.hidden", (8, 4)),
        ("push.to=../serving", "push.to", "../serving"),
    ],
)
def test_an_override_is_toml_or_else_text(read, override, key, value):
    found = read(override)
    for part in key.split("."):
        found = getattr(found, part)

    assert found == value


def test_the_last_override_of_a_key_counts(read):
    assert read("training.steps=1", "training.steps=2").training.steps == 2


def test_an_override_leaves_the_rest_of_its_table(read):
    spec = read("features.distance.scale=log")

    assert spec.features["distance"] == Numeric(kind="numeric", unit="mile", scale="log")


@pytest.mark.parametrize("override", ["nonsense", "=3", ".steps=3", "training.=3"])
def test_an_override_without_key_or_value_is_told(problems, override):
    assert problems(override) == [
        f"--set {override}: expected KEY.PATH=VALUE, for example training.steps=200"
    ]


def test_an_override_below_a_value_is_told(problems):
    assert problems("label.column.x=1") == ["--set label.column.x=1: label.column is not a table"]


def test_a_quoted_key_can_be_overridden(read):
    spec = read("features.'a b.c'.kind=numeric", "features.'a b.c'.unit=inch")

    assert spec.features["a b.c"].unit == "inch"
