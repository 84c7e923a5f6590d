"""Models that the tests of the Pusher push."""

import pathlib

import pytest


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A SavedModel that takes a number and a text, and answers with a probability."""
    import tensorflow as tf

    class Scorer(tf.Module):
        @tf.function(
            input_signature=[
                tf.TensorSpec([None, 1], tf.float32, name="distance"),
                tf.TensorSpec([None, 1], tf.string, name="carrier"),
            ]
        )
        def score(self, distance, carrier):
            known = tf.where(tf.math.is_nan(distance) | (carrier == ""), 0.0, distance)
            return {"probability": tf.sigmoid(known)}

    folder = tmp_path_factory.mktemp("saved") / "model"
    scorer = Scorer()
    tf.saved_model.save(scorer, str(folder), signatures={"serving_raw": scorer.score})
    return folder
