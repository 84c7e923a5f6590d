"""A server for the tests that only ask it."""

import pytest

from tests.pipeline.serving.models import half_plus_two, like_headrace, served


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """The folder of half_plus_two's one version, 123."""
    return half_plus_two(tmp_path_factory.mktemp("toy") / "123").parent


@pytest.fixture(scope="session")
def flights(tmp_path_factory):
    """The folder of a model with Headrace's signatures, version 7."""
    return like_headrace(tmp_path_factory.mktemp("flights") / "7").parent


@pytest.fixture(scope="module")
def server(toy):
    with served(toy) as running:
        yield running
