"""What a training is told."""

import types

import pytest

from modules.spec.learning import LearningSpec
from modules.training.job import Job

SPEC = LearningSpec.model_validate(
    {"label": {"column": "late", "task": "binary"}, "features": {"x": {"kind": "numeric"}}}
)


@pytest.fixture
def told():
    return types.SimpleNamespace(
        custom_config={"spec": SPEC.model_dump_json(), "folder": "/headrace/flights"},
        transform_output="/graph",
        train_files=["/train/*"],
        eval_files=["/valid/*"],
        serving_model_dir="/model",
        model_run_dir="/run",
        base_model=None,
        train_steps=None,
    )


def test_steps_that_the_run_is_given_replace_those_of_the_spec(told):
    told.train_steps = 60

    assert Job.of(told).spec.training.steps == 60


def test_without_them_the_spec_holds(told):
    assert Job.of(told).spec == SPEC
