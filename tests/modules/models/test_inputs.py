"""What every family takes, and how its layers are called."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.columns import Column
from modules.models.inputs import Embedding, embedding_size, inputs, layer_name


def test_an_input_goes_by_the_name_of_its_column():
    columns = [Column("a b/c_xf", 2, "float32", None), Column("é", 3, "int64", 5)]

    tensors = inputs(columns)

    assert {name: (each.name, each.shape, each.dtype) for name, each in tensors.items()} == {
        "a b/c_xf": ("a b/c_xf", (None, 2), "float32"),
        "é": ("é", (None, 3), "int64"),
    }


@given(names=st.lists(st.text(), unique=True))
def test_columns_of_different_names_have_layers_of_different_names(names):
    made = [layer_name("embedding", name) for name in names]

    assert len(set(made)) == len(names)
    assert not any(set(name) & set("/ :") for name in made)
    assert all(name.isascii() for name in made)


def test_an_embedding_grows_with_the_vocabulary_up_to_a_limit():
    sizes = [embedding_size(cardinality) for cardinality in (1, 2, 3, 10, 15, 16, 10_000)]

    # half as many numbers as ids, rounded up, 8 at most
    assert sizes == [1, 1, 2, 5, 8, 8, 8]


def test_several_ids_are_the_mean_of_their_vectors_without_the_padding():
    layer = Embedding(Column("remark_xf", 3, "int64", 4), 2)
    layer.build((None, 3))
    layer.embeddings.assign([[9, 9], [1, 2], [3, 4], [5, 6]])

    found = layer(np.array([[1, 3, 0], [2, 0, 0], [0, 0, 0]]))

    # (1 + 5) / 2 and (2 + 6) / 2; one word alone; no words
    assert keras.ops.convert_to_numpy(found) == pytest.approx(np.array([[3, 4], [3, 4], [0, 0]]))


def test_one_id_is_its_vector_and_0_is_an_id_like_any_other():
    layer = Embedding(Column("carrier_xf", 1, "int64", 2), 2)
    layer.build((None, 1))
    layer.embeddings.assign([[9, 8], [1, 2]])

    found = layer(np.array([[1], [0]]))

    assert keras.ops.convert_to_numpy(found).tolist() == [[1, 2], [9, 8]]
    assert layer.column == "carrier_xf"
