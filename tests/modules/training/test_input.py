"""Transformed examples as arrays, and arrays as batches."""

import numpy as np
import pytest
import tensorflow as tf

from modules.training.input import evaluation_batches, load, rows, training_batches

PARSED = {
    "x_xf": tf.io.FixedLenFeature([2], tf.float32),
    "ids_xf": tf.io.FixedLenFeature([1], tf.int64),
}


def example(row):
    example = tf.train.Example()
    example.features.feature["x_xf"].float_list.value.extend([row, row / 2])
    example.features.feature["ids_xf"].int64_list.value.append(row)
    return example.SerializeToString()


def write(path, numbers):
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for number in numbers:
            writer.write(example(number))


def numbered(count):
    """Arrays whose every row and label is its place."""
    place = np.arange(count, dtype=np.int64)[:, np.newaxis]
    return {"x_xf": np.hstack([place, place]).astype(np.float32), "label_xf": place}


def labels(batches):
    return [label.ravel().tolist() for _, label in batches.as_numpy_iterator()]


def test_files_are_loaded_in_the_order_of_their_names(tmp_path):
    write(tmp_path / "b-1.gz", [3, 4])
    write(tmp_path / "a-2.gz", [1, 2])
    write(tmp_path / "c-0.gz", [])

    found = load([f"{tmp_path}/*.gz"], PARSED)

    assert found["ids_xf"].tolist() == [[1], [2], [3], [4]]
    assert found["x_xf"] == pytest.approx(np.array([[1, 0.5], [2, 1], [3, 1.5], [4, 2]]))
    assert found["x_xf"].dtype == np.float32
    assert found["ids_xf"].dtype == np.int64
    assert rows(found) == 4


def test_several_patterns_are_loaded_together(tmp_path):
    write(tmp_path / "one.gz", [1])
    write(tmp_path / "two.gz", [2])

    found = load([f"{tmp_path}/two*", f"{tmp_path}/one*"], PARSED)

    assert found["ids_xf"].tolist() == [[1], [2]]


def test_more_examples_than_are_read_at_once_are_all_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr("modules.training.input._READ_AT_ONCE", 3)
    write(tmp_path / "a.gz", range(10))

    assert load([f"{tmp_path}/*"], PARSED)["ids_xf"].ravel().tolist() == list(range(10))


def test_files_without_examples_give_arrays_of_no_rows(tmp_path):
    write(tmp_path / "a.gz", [])

    found = load([f"{tmp_path}/*"], PARSED)

    assert {name: array.shape for name, array in found.items()} == {
        "x_xf": (0, 2),
        "ids_xf": (0, 1),
    }


def test_every_training_batch_is_full_and_no_row_is_twice_in_an_epoch():
    found = labels(training_batches(numbered(10), "label_xf", 4, seed=0))

    # 10 rows are 2 batches of 4; the 2 left over wait for another epoch
    assert [len(batch) for batch in found] == [4, 4]
    assert len({row for batch in found for row in batch}) == 8


def test_every_row_is_learned_from_in_some_epoch():
    batches = training_batches(numbered(10), "label_xf", 4, seed=0)

    seen = {row for _ in range(20) for batch in labels(batches) for row in batch}

    assert seen == set(range(10))


def test_an_epoch_has_another_order_than_the_one_before():
    batches = training_batches(numbered(100), "label_xf", 100, seed=0)

    first, second = labels(batches), labels(batches)

    assert first != second
    assert sorted(first[0]) == sorted(second[0]) == list(range(100))


def test_the_seed_settles_the_order_of_every_epoch():
    def epochs(seed):
        batches = training_batches(numbered(100), "label_xf", 10, seed)
        return [labels(batches), labels(batches)]

    assert epochs(7) == epochs(7)
    assert epochs(7) != epochs(8)


def test_fewer_rows_than_a_batch_are_one_batch():
    found = labels(training_batches(numbered(3), "label_xf", 512, seed=0))

    assert [sorted(batch) for batch in found] == [[0, 1, 2]]


def test_features_stay_with_their_label():
    for features, label in training_batches(numbered(50), "label_xf", 10, seed=0):
        assert set(features) == {"x_xf"}
        assert features["x_xf"].shape == (10, 2)
        assert (features["x_xf"][:, :1].numpy() == label.numpy()).all()


@pytest.mark.parametrize("batch_size", [1, 4, 10, 4096])
def test_evaluation_covers_every_row_once_in_order(batch_size):
    found = labels(evaluation_batches(numbered(10), "label_xf", batch_size))

    assert [row for batch in found for row in batch] == list(range(10))


def test_no_rows_are_no_evaluation_batches():
    assert labels(evaluation_batches(numbered(0), "label_xf")) == []
