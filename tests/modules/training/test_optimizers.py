"""Optimizers that learn, of models with embeddings too."""

import typing

import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.columns import Head
from modules.models.heads import logits, predict
from modules.spec import optimizers
from modules.training.optimizers import build_optimizer

ARMS = typing.get_args(typing.get_args(optimizers.Optimizer)[0])
IDS = [arm.model_fields["name"].default for arm in ARMS]


def model_of_id_and_number():
    """A probability from an id below 4 and a number."""
    keras.utils.set_random_seed(0)
    ids, number = keras.Input((1,), dtype="int64"), keras.Input((1,))
    embedded = keras.layers.Flatten()(keras.layers.Embedding(4, 3)(ids))
    hidden = keras.layers.Dense(8, "relu")(keras.layers.Concatenate()([embedded, number]))
    head = Head("binary", 2)
    return keras.Model([ids, number], predict(logits(hidden, head), head))


@pytest.mark.parametrize("arm", ARMS, ids=IDS)
@pytest.mark.parametrize("strategy", [tf.distribute.get_strategy, tf.distribute.MirroredStrategy])
def test_an_optimizer_lowers_the_loss_of_a_model_with_an_embedding(arm, strategy):
    ids = np.arange(64, dtype="int64")[:, np.newaxis] % 4
    number = np.linspace(-1, 1, 64, dtype="float32")[:, np.newaxis]
    label = (number > 0).astype("int64")
    with strategy().scope() if strategy is tf.distribute.get_strategy else strategy(
        ["CPU:0"]
    ).scope():  # fmt: skip
        model = model_of_id_and_number()
        model.compile(build_optimizer(arm(), 0.02), "binary_crossentropy")

    losses = model.fit(
        [ids, number], label, batch_size=64, epochs=4, verbose=0, shuffle=False
    ).history["loss"]

    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("arm", ARMS, ids=IDS)
def test_an_optimizer_is_of_the_class_that_the_caller_makes_of_it(arm):
    def counted(optimizer):
        return type("Counted", (optimizer,), {})

    built = build_optimizer(arm(), 0.5, counted)

    assert type(built).__name__ == "Counted"
    assert isinstance(built, type(build_optimizer(arm(), 0.5)))
    assert float(built.learning_rate) == 0.5


@pytest.mark.parametrize("arm", ARMS, ids=IDS)
def test_no_gradient_is_clipped_here(arm):
    built = build_optimizer(arm(), 0.1)

    assert built.clipnorm is built.clipvalue is built.global_clipnorm is None


def test_adamw_takes_its_step_and_its_share_of_the_weight():
    weight = keras.Variable([2.0])
    optimizer = build_optimizer(optimizers.AdamW(weight_decay=0.5), 0.1)

    optimizer.apply([tf.constant([3.0])], [weight])

    # The first step of Adam is the learning rate, whatever the gradient: 2 * (1 - 0.1 * 0.5) - 0.1
    assert weight.numpy() == pytest.approx([1.8], abs=1e-5)


def test_muon_leaves_embeddings_biases_and_the_output_to_adamw():
    model = model_of_id_and_number()
    optimizer = build_optimizer(optimizers.Muon(), 0.1)
    optimizer.build(model.trainable_variables)

    hidden = [
        variable.path
        for variable in model.trainable_variables
        if not optimizer._should_use_adamw(variable)
    ]

    assert len(hidden) == 1
    assert hidden[0].startswith("dense")
    assert hidden[0].endswith("/kernel")
