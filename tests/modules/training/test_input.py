"""Transformed examples as arrays, and arrays as batches."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.errors import SpecError
from modules.training.examples import Examples
from modules.training.input import (
    Order,
    Share,
    Table,
    evaluation_batches,
    training_batches,
)

ALONE = Share()


def numbered(count):
    """Arrays whose every row and label is its place."""
    place = np.arange(count, dtype=np.int64)[:, np.newaxis]
    return {"x_xf": np.hstack([place, place]).astype(np.float32), "label_xf": place}


def table(count):
    return Table(Examples.of(numbered(count)), "label_xf")


def order(count, batch_size, seed=0):
    return Order(count, batch_size, count // batch_size, seed)


def labels(batches, count=None):
    """The labels of each batch, of the first ones if there is no end."""
    taken = batches if count is None else batches.take(count)
    return [batch[1].ravel().tolist() for batch in taken.as_numpy_iterator()]


def trained_on(order, step, count, share=ALONE):
    return labels(training_batches(table(order.rows), order, step, share), count)


def test_every_training_batch_is_full_and_no_row_is_twice_in_an_epoch():
    found = trained_on(order(10, 4), 0, 2)

    # 10 rows are 2 batches of 4; the 2 left over wait for another epoch
    assert [len(batch) for batch in found] == [4, 4]
    assert len({row for batch in found for row in batch}) == 8


def test_every_row_is_learned_from_in_some_epoch():
    found = trained_on(order(10, 4), 0, 40)

    assert {row for batch in found for row in batch} == set(range(10))


def test_an_epoch_has_another_order_than_the_one_before():
    first, second = trained_on(order(100, 100), 0, 2)

    assert first != second
    assert sorted(first) == sorted(second) == list(range(100))


def test_the_seed_settles_the_order_of_every_epoch():
    assert trained_on(order(100, 10, seed=7), 0, 20) == trained_on(order(100, 10, seed=7), 0, 20)
    assert trained_on(order(100, 10, seed=7), 0, 20) != trained_on(order(100, 10, seed=8), 0, 20)


@settings(max_examples=25)
@given(rows=st.integers(4, 30), step=st.integers(0, 20), seed=st.integers(0, 2**31 - 1))
def test_training_begins_at_any_step_as_if_it_had_come_there(rows, step, seed):
    from_the_start = trained_on(order(rows, 4, seed), 0, step + 3)

    assert trained_on(order(rows, 4, seed), step, 3) == from_the_start[step:]


@pytest.mark.parametrize("local", [1, 2], ids=["a process each", "two in a process"])
def test_replicas_share_each_batch_in_equal_parts(local):
    whole = trained_on(order(30, 8), 2, 5)

    shares = [
        trained_on(order(30, 8), 2, 5 * local, Share(4, first, local))
        for first in range(0, 4, local)
    ]

    # a process with two replicas gets the part of the one, then that of the other
    for step, batch in enumerate(whole):
        parts = [part for share in shares for part in share[step * local : (step + 1) * local]]
        assert [len(part) for part in parts] == [2, 2, 2, 2]
        assert [row for part in parts for row in part] == batch


def test_features_stay_with_their_label_and_weight():
    weights = np.arange(50, dtype=np.float32)
    weighted = Table(Examples.of(numbered(50)), "label_xf", weights)

    for batch in training_batches(weighted, order(50, 10), 0, ALONE).take(5):
        features, label, weight = batch
        assert set(features) == {"x_xf"}
        assert features["x_xf"].shape == (10, 2)
        assert (features["x_xf"][:, :1].numpy() == label.numpy()).all()
        assert (weight.numpy() == label.numpy().ravel()).all()


def test_columns_of_several_types_keep_name_width_and_type():
    arrays = {
        "b_xf": np.array([[1, 2], [3, 4]], np.int64),
        "a_xf": np.array([[0.5], [1.5]], np.float32),
        "c_xf": np.array([[7], [8]], np.int64),
        "y_xf": np.array([[0], [1]], np.int64),
    }

    features, label = Table(Examples.of(arrays), "y_xf").pick(tf.constant([1]))

    assert {name: (part.dtype.name, part.numpy().tolist()) for name, part in features.items()} == {
        "a_xf": ("float32", [[1.5]]),
        "b_xf": ("int64", [[3, 4]]),
        "c_xf": ("int64", [[8]]),
    }
    assert label.numpy().tolist() == [[1]]


@pytest.mark.parametrize("batch_size", [1, 4, 10, 4096])
def test_evaluation_covers_every_row_once_in_order(batch_size):
    found = labels(evaluation_batches(table(10), ALONE, batch_size))

    assert [row for batch in found for row in batch] == list(range(10))
    assert max(map(len, found)) <= batch_size


@settings(max_examples=25)
@given(rows=st.integers(3, 40), batch_size=st.integers(1, 50), replicas=st.integers(1, 3))
def test_replicas_evaluate_every_row_once_in_as_many_steps(rows, batch_size, replicas):
    shares = [
        labels(evaluation_batches(table(rows), Share(replicas, first), batch_size))
        for first in range(replicas)
    ]

    assert len({len(share) for share in shares}) == 1
    in_order = [row for step in zip(*shares, strict=True) for part in step for row in part]
    assert in_order == list(range(rows))
    assert min(len(part) for share in shares for part in share) >= 1


def test_more_replicas_than_rows_to_watch_are_refused():
    with pytest.raises(SpecError, match="training: 3 replicas share the 2 examples to watch"):
        evaluation_batches(table(2), Share(3))
