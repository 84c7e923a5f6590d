"""What is written of a training."""

import keras

from modules.training.history import layers


def test_layers_are_told_with_kind_shape_and_parameters():
    given = keras.Input((3,), name="given")
    hidden = keras.layers.Dense(2, name="hidden")(given)

    found = layers(keras.Model(given, keras.layers.Dense(1, name="said")(hidden)))

    assert [layer["kind"] for layer in found] == ["InputLayer", "Dense", "Dense"]
    # 3 * 2 weights and 2 biases; 2 weights and a bias
    assert found[1:] == [
        {"name": "hidden", "kind": "Dense", "output": "(None, 2)", "parameters": 8},
        {"name": "said", "kind": "Dense", "output": "(None, 1)", "parameters": 3},
    ]


def test_a_layer_whose_output_keras_does_not_know_has_no_shape():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = keras.layers.Dense(2, name="hidden")

        def call(self, x):
            return self.hidden(x)

    own = Own()
    (before,) = layers(own)
    own(keras.ops.ones((1, 3)))
    (after,) = layers(own)

    assert before == {"name": "hidden", "kind": "Dense", "output": None, "parameters": None}
    assert after == {"name": "hidden", "kind": "Dense", "output": None, "parameters": 8}
