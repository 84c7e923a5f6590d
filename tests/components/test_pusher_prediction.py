"""A model that is pushed can be loaded and answers, with TensorFlow alone."""

import shutil

import pytest
import tensorflow as tf

from components.pusher.prediction import check, check_apart
from components.pusher.version import VersionError


@pytest.fixture
def model(saved_model, tmp_path):
    return shutil.copytree(saved_model, tmp_path / "model")


def export(folder, function, name="serving_raw"):
    """A model with one signature, of a number."""
    module = tf.Module()
    module.score = tf.function(
        function, input_signature=[tf.TensorSpec([None, 1], tf.float32, name="distance")]
    )
    tf.saved_model.save(module, str(folder), signatures={name: module.score})


def test_a_model_that_answers_a_row_of_missing_values_is_fit(model):
    check(model)
    check_apart(model)


def test_a_model_whose_graph_is_damaged_cannot_be_loaded(model):
    (model / "saved_model.pb").write_bytes(b"no graph")

    for looks in (check, check_apart):
        with pytest.raises(VersionError, match=r"model: cannot be loaded: \w+: "):
            looks(model)


def test_a_model_that_answers_a_missing_value_with_nan_is_not_fit(tmp_path):
    export(tmp_path / "nan", lambda distance: {"prediction": distance * 2})

    with pytest.raises(VersionError, match=r"answers prediction = \[\[nan\]\] to a row in which"):
        check(tmp_path / "nan")


def test_a_model_that_fails_when_asked_is_not_fit(tmp_path):
    def score(distance):
        tf.debugging.assert_all_finite(distance, "no distance")
        return {"prediction": distance}

    export(tmp_path / "fails", score)

    with pytest.raises(VersionError, match=r"does not answer: InvalidArgumentError: .*no dist"):
        check(tmp_path / "fails")


def test_a_model_without_the_signature_is_not_fit(tmp_path):
    export(tmp_path / "other", lambda distance: {"prediction": distance}, "serving_default")

    with pytest.raises(VersionError, match="got the signatures serving_default, expected serving_"):
        check(tmp_path / "other")
