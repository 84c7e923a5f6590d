"""Data sets compiled for Kubeflow, each once a session."""

import functools
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[3]
# As `headrace compile data/NAME/spec.toml --set KUBEFLOW` is given it.
KUBEFLOW = (
    'kubeflow={image="registry.example/headrace:1", volume={claim="headrace"}, '
    'root="minio://mlpipeline/headrace"}'
)


@pytest.fixture(scope="session")
def compiled():
    """What a data set compiles to, with overrides of its spec."""

    @functools.cache
    def compiled(name, *overrides):
        from pipeline import spec as spec_of
        from pipeline.kubeflow.build import build

        path = ROOT / "data" / name / "spec.toml"
        return build(spec_of.load(path, [KUBEFLOW, *overrides]), path.parent)

    return compiled
