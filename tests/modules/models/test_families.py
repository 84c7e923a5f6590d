"""What holds for the model of every family."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from modules.columns import Column, Head
from modules.models.build import build_model
from modules.spec.model import Mlp, TabM, WideAndDeep

COLUMNS = [
    Column("a b/c_xf", 2, "float32", None, (-1.0, 0.0, 1.0)),
    Column("carrier_xf", 1, "int64", 5),
    Column("dest_xf", 1, "int64", 4),
    Column("remark_xf", 3, "int64", 9),
    Column("é.when_xf", 3, "float32", None),
]
INPUTS = {
    "a b/c_xf": np.array([[1, 0], [-1, 0], [0, 1]], np.float32),
    "carrier_xf": np.array([[0], [4], [1]]),
    "dest_xf": np.array([[0], [3], [1]]),
    "remark_xf": np.array([[1, 8, 2], [3, 0, 0], [0, 0, 0]]),
    "é.when_xf": np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float32),
}
FAMILIES = [
    Mlp(hidden=(8, 4)),
    WideAndDeep(hidden=(8, 4), crosses=(("carrier", "dest"),)),
    TabM(hidden=(8, 4), members=3),
]
HEADS = [
    (Head("binary", 2), np.array([[0], [1], [1]]), "binary_crossentropy"),
    (Head("multiclass", 4), np.array([[0], [3], [1]]), "sparse_categorical_crossentropy"),
    (Head("regression", mean=50.0, std=5.0), np.array([[40.0], [50], [60]]), "mean_squared_error"),
]
every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.family)
every_head = pytest.mark.parametrize(
    ("head", "labels", "loss"), HEADS, ids=[head.task for head, _, _ in HEADS]
)


def built(family, head=HEADS[0][0], columns=COLUMNS):
    keras.utils.set_random_seed(0)
    return build_model(family, columns, head, None)


def fitted(family, head, labels, loss):
    """The model after one step, and whether each of its weights has changed."""
    model = built(family, head)
    before = model.get_weights()
    model.compile(keras.optimizers.Adam(0.01), loss)
    model.fit(INPUTS, labels, batch_size=3, verbose=0)
    pairs = zip(before, model.get_weights(), strict=True)
    return model, [not np.array_equal(old, new) for old, new in pairs]


@every_family
@every_head
def test_a_step_changes_the_weights_and_answers_have_the_shape_of_the_head(
    family, head, labels, loss
):
    model, changed = fitted(family, head, labels, loss)

    answer = model(INPUTS, training=False)
    assert (answer.dtype, answer.shape) == (tf.float32, (3, 4 if head.classes == 4 else 1))
    assert np.isfinite(answer).all()
    assert np.mean(changed) > 0.8  # all but a unit that no row lights


@every_family
def test_in_mixed_precision_weights_and_answers_stay_float32(family):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model, changed = fitted(family, *HEADS[0])
    finally:
        keras.config.set_dtype_policy("float32")

    assert model(INPUTS, training=False).dtype == tf.float32
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert model.get_layer("hidden_1").compute_dtype == "bfloat16"
    assert np.mean(changed) > 0.8


@every_family
def test_all_variables_are_there_before_the_first_call(family):
    model = built(family)
    paths = [variable.path for variable in model.variables]

    model(INPUTS, training=False)

    assert model.built
    assert [variable.path for variable in model.variables] == paths


@every_family
def test_the_names_of_layers_and_weights_are_the_same_each_time(family):
    first = built(family)
    second = built(family)

    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    paths = [weight.path for weight in first.weights]
    assert paths == [weight.path for weight in second.weights]
    assert len(set(paths)) == len(paths)


@every_family
def test_a_columns_weights_keep_their_names_when_other_columns_go(family):
    family = family.model_copy(update={"crosses": ()})
    all_columns, some = built(family), built(family, columns=COLUMNS[1:4])

    def of_carrier(model):
        return {weight.path for weight in model.weights if "carrier" in weight.path}

    assert of_carrier(all_columns) == of_carrier(some) != set()


@every_family
def test_the_embedding_of_a_column_is_found_by_its_name(family):
    model = built(family)

    found = {
        layer.column: layer.embeddings.shape[0]
        for layer in model.layers
        if layer.name.startswith("embedding_")
    }

    assert found == {"carrier_xf": 5, "dest_xf": 4, "remark_xf": 9}


@every_family
def test_the_inputs_are_named_as_the_columns(family):
    model = built(family)

    assert {name: tensor.name for name, tensor in model.input.items()} == {
        column.name: column.name for column in COLUMNS
    }


@every_family
def test_the_same_seed_makes_the_same_model(family):
    first, second = (built(family)(INPUTS, training=False).numpy() for _ in range(2))

    assert (first == second).all()


@every_family
def test_an_exported_model_answers_as_the_model(family, tmp_path):
    model = built(family)
    module = tf.Module()
    module.model = model
    shapes = {column.name: tf.TensorSpec([None, column.width], column.dtype) for column in COLUMNS}
    module.score = tf.function(
        lambda columns: model(columns, training=False), input_signature=[shapes]
    )
    tf.saved_model.save(module, str(tmp_path))

    exported = tf.saved_model.load(str(tmp_path))
    found = exported.score({name: tf.constant(array) for name, array in INPUTS.items()})

    assert found.numpy() == pytest.approx(model(INPUTS, training=False).numpy(), abs=1e-6)
