"""What the Pusher is told of a spec."""

import pathlib

import pytest

from pipeline import spec as spec_of
from pipeline.pushing import fingerprint, push_settings

SPEC = pathlib.Path(__file__).parents[2] / "data" / "penguins" / "spec.toml"


def read(*overrides):
    return spec_of.load(SPEC, overrides)


@pytest.mark.parametrize(
    "override", ["push.keep=3", "local.runner=tfx", "beam.processes=2", "stock=['Evaluator']"]
)
def test_where_and_how_a_pipeline_runs_is_not_part_of_what_is_pushed(override):
    assert fingerprint(read(override)) == fingerprint(read())


@pytest.mark.parametrize(
    "override", ["training.seed=7", "data.max_rejects=0.5", "evaluation.rules=[]", "name=birds"]
)
def test_all_else_is(override):
    assert fingerprint(read(override)) != fingerprint(read())


def test_files_of_the_users_are_named_once(tmp_path):
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC.read_text())
    for name in ("schema.pbtxt", "mine.py"):
        (tmp_path / name).write_text("")
    loaded = spec_of.load(
        spec, ["model={family='mine.py:build'}", "preprocessing.function=mine.py:prepare"]
    )

    settings = push_settings(loaded, tmp_path)

    assert settings.files == ("mine.py",)
    assert settings.keep == 10
    assert push_settings(read("push.keep=3"), tmp_path).keep == 3
