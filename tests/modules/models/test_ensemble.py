"""Members that share weights, and the model that answers for them all."""

import keras
import numpy as np
import pytest

from modules.models.ensemble import Ensemble, MemberHeads, SharedDense, random_signs

X = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]], np.float32)
Y = np.array([[1.0], [0.0], [1.0]], np.float32)


def numbers(tensor):
    return keras.ops.convert_to_numpy(tensor)


def ensemble(members=2, activation="sigmoid"):
    """Members of one layer and a head each."""
    keras.utils.set_random_seed(0)
    x = keras.Input((2,), name="x")
    hidden = keras.layers.Reshape((1, 2))(x)
    hidden = SharedDense(members, 4, "hidden", first=True)(hidden)
    output = MemberHeads(members, 1, "logits")(hidden)
    return Ensemble({"x": x}, keras.layers.Activation(activation, dtype="float32")(output))


def test_a_layer_is_the_shared_kernel_between_each_members_adapters():
    layer = SharedDense(2, 1, "hidden")
    layer.build((None, 1, 2))
    kernel, r, s, bias = layer.weights
    kernel.assign([[1], [10]])
    r.assign([[1, 1], [2, -1]])
    s.assign([[1], [3]])
    bias.assign([[0], [0.5]])

    found = numbers(layer(np.array([[[1.0, 2.0]]], np.float32)))

    # member 1: 1 + 20. member 2: 3 * (2 * 1 - 10 * 2) + 0.5
    assert found.ravel() == pytest.approx([21, -53.5])


def test_members_without_adapters_are_one_plain_layer():
    layer = SharedDense(3, 4, "hidden")
    x = np.random.default_rng(0).normal(size=(5, 1, 2)).astype(np.float32)

    found = numbers(layer(x))

    # s, r and b of a layer that is not the first start at 1, 1 and 0.
    expected = x[:, 0] @ numbers(layer.weights[0])
    assert found == pytest.approx(np.repeat(expected[:, None], 3, axis=1), abs=1e-6)


def test_each_member_has_a_head_of_its_own():
    layer = MemberHeads(2, 1, "logits")
    layer.build((None, 2, 2))
    kernel, bias = layer.weights
    kernel.assign([[[1], [2]], [[3], [4]]])
    bias.assign([[0], [100]])

    found = numbers(layer(np.array([[[1.0, 1.0], [1.0, 2.0]]], np.float32)))

    # 1 + 2; 3 + 2 * 4 + 100
    assert found.ravel() == pytest.approx([3, 111])


def test_signs_are_half_of_them_negative():
    keras.utils.set_random_seed(0)

    signs = numbers(random_signs((100, 100)))

    assert set(signs.ravel().tolist()) == {-1.0, 1.0}
    assert abs(signs.mean()) < 0.05  # 5 standard errors


def test_members_differ_from_the_start():
    first, second = np.moveaxis(numbers(ensemble()({"x": X}, training=True)), 1, 0)

    assert np.abs(first - second).max() > 0.01


@pytest.mark.parametrize("training", [False, None])
def test_the_answer_is_the_mean_of_the_members_probabilities(training):
    model = ensemble(members=3)

    of_each = numbers(model({"x": X}, training=True))
    answer = numbers(model({"x": X}, training=training))

    assert (of_each.shape, answer.shape) == ((3, 3, 1), (3, 1))
    assert answer == pytest.approx(of_each.mean(axis=1))


def test_the_shape_of_symbolic_inputs_is_that_of_the_answer():
    found = ensemble()({"x": keras.KerasTensor((None, 2))}, training=False)

    assert found.shape == (None, 1)


def test_the_loss_is_the_mean_of_the_members_losses():
    model = ensemble()
    model.compile(loss="binary_crossentropy")

    of_each = model({"x": X}, training=True)
    loss = float(model.compute_loss(y=Y, y_pred=of_each))

    bce = keras.losses.BinaryCrossentropy()
    each = [float(bce(Y, of_each[:, member])) for member in range(2)]
    assert loss == pytest.approx(np.mean(each), abs=1e-6)
    # The mean of what they say would have been judged more kindly, the loss being convex.
    assert loss > float(bce(Y, model({"x": X})))


def test_a_weight_counts_for_all_members_of_its_row():
    model = ensemble()
    model.compile(loss="mean_squared_error")
    of_each = numbers(model({"x": X}, training=True))
    weights = np.array([0.0, 1.0, 3.0], np.float32)

    loss = float(model.compute_loss(y=Y, y_pred=of_each, sample_weight=weights))

    # Keras divides by the number of rows, not by the sum of their weights.
    squares = ((of_each - Y[:, None]) ** 2)[..., 0].mean(axis=1)
    assert loss == pytest.approx((weights * squares).mean(), rel=1e-5)


def test_a_penalty_is_added_once():
    keras.utils.set_random_seed(0)
    x = keras.Input((2,), name="x")
    regularizer = keras.regularizers.L1L2(l1=0.5)
    layer = SharedDense(2, 4, "hidden", first=True, regularizer=regularizer)
    output = MemberHeads(2, 1, "logits")(layer(keras.layers.Reshape((1, 2))(x)))
    model = Ensemble({"x": x}, output)
    model.compile(loss="mean_squared_error")

    of_each = model({"x": X}, training=True)
    loss = float(model.compute_loss(y=Y, y_pred=of_each))

    squares = float(np.mean((numbers(of_each) - Y[:, None]) ** 2))
    penalty = 0.5 * np.abs(numbers(layer.weights[0])).sum()
    assert loss == pytest.approx(squares + penalty, rel=1e-5)


def test_keras_fits_evaluates_and_predicts_as_ever():
    model = ensemble()
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"], weighted_metrics=["mae"])

    history = model.fit({"x": X}, Y, sample_weight=np.ones(3), epochs=2, verbose=0).history
    found = model.evaluate({"x": X}, Y, verbose=0, return_dict=True)

    assert {"loss", "accuracy", "mae"} <= set(history)
    assert history["loss"][1] < history["loss"][0]
    answer = model.predict({"x": X}, verbose=0)
    assert answer == pytest.approx(numbers(model({"x": X})), abs=1e-6)
    # Judged by the answer, not by the members.
    expected = float(keras.losses.BinaryCrossentropy()(Y, answer))
    assert found["loss"] == pytest.approx(expected, rel=1e-5)


def test_one_member_learns_as_a_plain_network():
    one = ensemble(members=1)
    keras.utils.set_random_seed(1)
    x = keras.Input((2,), name="x")
    plain = keras.Model({"x": x}, keras.layers.Dense(1, "sigmoid")(keras.layers.Dense(4)(x)))
    kernel, r, s, bias, heads, head_bias = one.weights
    r.assign(keras.ops.ones_like(r))
    plain.set_weights([numbers(kernel), numbers(bias)[0], numbers(heads)[0], numbers(head_bias)[0]])
    r.trainable = s.trainable = False
    for model in (one, plain):
        model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")

    losses = [model.fit({"x": X}, Y, epochs=5, verbose=0).history["loss"] for model in (one, plain)]

    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert one.predict({"x": X}, verbose=0) == pytest.approx(
        plain.predict({"x": X}, verbose=0), rel=1e-5
    )


def test_a_member_that_is_surely_wrong_still_learns():
    model = ensemble()
    model.compile("sgd", "binary_crossentropy")
    (bias,) = (weight for weight in model.weights if weight.path.endswith("logits/bias"))
    bias.assign(np.full(bias.shape, -40))

    model.fit({"x": X}, np.ones_like(Y), verbose=0)

    # A probability of exp(-40) is 0 in float32. Of its logit the loss is 40, its slope -1, shared
    # by two members; the learning rate is 0.01.
    assert numbers(bias).ravel() == pytest.approx(-40 + 0.01 / 2, abs=1e-4)
