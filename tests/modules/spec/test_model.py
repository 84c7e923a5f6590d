"""The `[model]` table."""

import pathlib

import pydantic
import pytest

from modules.errors import SpecError
from modules.spec.model import DEFAULT, CustomModel, Mlp, Model, TabM, WideAndDeep
from pipeline.spec import load

ADAPTER = pydantic.TypeAdapter(Model)
SPEC = pathlib.Path(__file__).parents[3] / "data" / "penguins" / "spec.toml"


@pytest.mark.parametrize(
    ("family", "made"),
    [("mlp", Mlp), ("wide_and_deep", WideAndDeep), ("tabm", TabM), ("mine.py:build", CustomModel)],
)
def test_the_family_says_whose_settings_a_table_holds(family, made):
    model = ADAPTER.validate_python({"family": family})

    assert type(model) is made
    assert ADAPTER.validate_json(ADAPTER.dump_json(model)) == model


def test_a_table_without_a_family_is_of_the_default_one():
    assert ADAPTER.validate_python({"l2": 0.5}) == DEFAULT.model_copy(update={"l2": 0.5})


def problems(*overrides):
    """What is told of the penguins' spec with another `[model]` table, without its path."""
    with pytest.raises(SpecError) as raised:
        load(SPEC, overrides)
    return [problem.removeprefix(f"{SPEC}: ") for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (
            "{family='tabn', members=8}",
            "model.family: got 'tabn', expected one of mlp, wide_and_deep, tabm; did you mean "
            "'tabm'?",
        ),
        ("{family=3}", "model.family: got '3', expected one of mlp, wide_and_deep, tabm"),
        (
            "{family='wide_and_deep', crosess=[]}",
            "model.crosess: unknown key. Known here: family, crosses, cross_buckets, hidden, "
            "dropout, embedding_size, l1, l2; did you mean 'crosses'?",
        ),
        ("{family='tabm', members=0}", "model.members: got 0, expected greater than or equal to 1"),
        ("{family='mlp', l2=-1.0}", "model.l2: got -1.0, expected greater than or equal to 0"),
        (
            "{family='wide_and_deep', crosses=[['sex', 'sex']]}",
            "model.crosses: ['sex', 'sex'] crosses a feature with itself; leave it out",
        ),
        (
            "{family='wide_and_deep', crosses=[['sex', 'island'], ['island', 'sex']]}",
            "model.crosses: crosses must differ, got [['sex', 'island'], ['island', 'sex']]",
        ),
    ],
)
def test_a_table_that_is_wrong_is_explained_in_its_own_words(table, problem):
    assert problems(f"model={table}") == [problem]
