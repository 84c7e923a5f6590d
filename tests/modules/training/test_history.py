"""What is written of a training."""

import keras

from modules.training.history import layers


def test_layers_are_told_with_kind_shape_and_parameters():
    given = keras.Input((3,), name="given")
    hidden = keras.layers.Dense(2, name="hidden")(given)

    found = layers(keras.Model(given, keras.layers.Dense(1, name="said")(hidden)))

    assert [layer["kind"] for layer in found] == ["InputLayer", "Dense", "Dense"]
    # 3 * 2 weights and 2 biases; 2 weights and a bias
    hidden = {"name": "hidden", "kind": "Dense", "inputs": ["given"]}
    said = {"name": "said", "kind": "Dense", "inputs": ["hidden"]}
    assert found[1:] == [
        hidden | {"output": "(None, 2)", "parameters": 8},
        said | {"output": "(None, 1)", "parameters": 3},
    ]


def inputs(model):
    return {layer["name"]: layer["inputs"] for layer in layers(model)}


def test_each_layer_tells_the_layers_whose_outputs_it_takes():
    one, other = keras.Input((3,), name="one"), keras.Input((3,), name="other")
    # A sum is an operation, and no layer.
    joined = keras.layers.Concatenate(name="joined")([one, keras.ops.relu(one + other)])
    model = keras.Model([one, other], keras.layers.Dense(1, name="said")(joined))

    assert inputs(model) == {
        "one": [],
        "other": [],
        "joined": ["one", "other"],
        "said": ["joined"],
    }


def test_a_layer_that_is_called_twice_tells_what_it_takes_both_times():
    one, other = keras.Input((3,), name="one"), keras.Input((3,), name="other")
    shared = keras.layers.Dense(3, name="shared")
    both = keras.layers.Add(name="both")([shared(one), shared(other)])

    assert inputs(keras.Model([one, other], both))["shared"] == ["one", "other"]


def test_a_call_that_belongs_to_another_model_is_not_told():
    one, other = keras.Input((3,), name="one"), keras.Input((3,), name="other")
    shared = keras.layers.Dense(3, name="shared")
    keras.Model(other, shared(other))

    assert inputs(keras.Model(one, shared(one)))["shared"] == ["one"]


def test_a_model_within_a_model_is_a_layer_of_it():
    given = keras.Input((3,), name="given")
    inner = keras.Model(given, keras.layers.Dense(2, name="deep")(given), name="inner")
    outer = keras.Input((3,), name="outer")
    said = keras.layers.Dense(1, name="said")(inner(outer))

    found = layers(keras.Model(outer, said))

    assert [(each["name"], each["inputs"], each["parameters"]) for each in found] == [
        ("outer", [], 0),
        ("inner", ["outer"], 8),
        ("said", ["inner"], 3),
    ]


def test_the_layers_of_a_sequential_model_follow_each_other():
    stack = [keras.layers.Dense(2, name="first"), keras.layers.Dense(1, name="second")]

    assert inputs(keras.Sequential([keras.Input((3,)), *stack])) == {
        "first": [],
        "second": ["first"],
    }


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

    told = {"name": "hidden", "kind": "Dense", "inputs": None, "output": None}
    assert before == told | {"parameters": None}
    assert after == told | {"parameters": 8}
