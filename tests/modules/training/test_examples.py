"""Transformed examples from files, in memory and on disk."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from modules.errors import DataError
from modules.training.examples import Examples, load
from modules.training.input import Table

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


def write_parquet(path, numbers, rows_a_group=2):
    """The rows that `write` writes, as our Transform does."""
    columns = {
        "x_xf": pa.array([[row, row / 2] for row in numbers], pa.list_(pa.float32())),
        "ids_xf": pa.array([[row] for row in numbers], pa.list_(pa.int64())),
    }
    pq.write_table(pa.table(columns), path, row_group_size=rows_a_group)


def test_files_are_loaded_in_the_order_of_their_names(tmp_path):
    write(tmp_path / "b-1.gz", [3, 4])
    write(tmp_path / "a-2.gz", [1, 2])
    write(tmp_path / "c-0.gz", [])

    found = load([f"{tmp_path}/*.gz"], PARSED, 1, tmp_path)

    assert found["ids_xf"].tolist() == [[1], [2], [3], [4]]
    assert found["x_xf"] == pytest.approx(np.array([[1, 0.5], [2, 1], [3, 1.5], [4, 2]]))
    assert found["x_xf"].dtype == np.float32
    assert found["ids_xf"].dtype == np.int64
    assert found.rows == 4


def test_several_patterns_are_loaded_together(tmp_path):
    write(tmp_path / "one.gz", [1])
    write(tmp_path / "two.gz", [2])

    found = load([f"{tmp_path}/two*", f"{tmp_path}/one*"], PARSED, 1, tmp_path)

    assert found["ids_xf"].tolist() == [[1], [2]]


def test_more_examples_than_are_read_at_once_are_all_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr("modules.training.examples._READ_AT_ONCE", 3)
    write(tmp_path / "a.gz", range(10))

    assert load([f"{tmp_path}/*"], PARSED, 1, tmp_path)["ids_xf"].ravel().tolist() == list(
        range(10)
    )


def test_files_without_examples_give_arrays_of_no_rows(tmp_path):
    write(tmp_path / "a.gz", [])

    found = load([f"{tmp_path}/*"], PARSED, 1, tmp_path)

    assert {name: array.shape for name, array in found.items()} == {
        "x_xf": (0, 2),
        "ids_xf": (0, 1),
    }


def test_parquet_gives_the_same_examples_as_tf_examples(tmp_path):
    for name, numbers in {"b": [3, 4, 5], "a": [1, 2], "c": []}.items():
        write(tmp_path / f"{name}.gz", numbers)
        write_parquet(tmp_path / f"{name}.parquet", numbers)

    records = load([f"{tmp_path}/*.gz"], PARSED, 1, tmp_path)
    columns = load([f"{tmp_path}/*.parquet"], PARSED, 1, tmp_path)

    assert columns["ids_xf"].ravel().tolist() == [1, 2, 3, 4, 5]
    for name, found in columns.items():
        assert found.dtype == records[name].dtype
        assert found.tolist() == records[name].tolist()


def test_a_column_of_plain_values_is_one_wide(tmp_path):
    pq.write_table(pa.table({"ids_xf": pa.array([5, 6])}), tmp_path / "a.parquet")

    found = load([f"{tmp_path}/*"], {"ids_xf": PARSED["ids_xf"]}, 1, tmp_path)

    assert found["ids_xf"].tolist() == [[5], [6]]


def test_examples_beyond_their_share_of_memory_lie_on_disk_until_they_are_let_go(tmp_path):
    write_parquet(tmp_path / "a.parquet", range(10))

    on_disk = load([f"{tmp_path}/*.parquet"], PARSED, 0, tmp_path / "room")
    in_memory = load([f"{tmp_path}/*.parquet"], PARSED, 1, tmp_path / "room")

    assert isinstance(on_disk.matrices["int64"], np.memmap)
    assert not isinstance(in_memory.matrices["int64"], np.memmap)
    assert [*(tmp_path / "room").iterdir()] == []  # the file has no name
    for name, found in on_disk.items():
        assert found.tolist() == in_memory[name].tolist()


@pytest.mark.parametrize("memory_mb", [0, 1])
def test_rows_are_picked_where_the_examples_lie(tmp_path, memory_mb):
    write_parquet(tmp_path / "a.parquet", range(10))
    examples = load([f"{tmp_path}/*.parquet"], PARSED, memory_mb, tmp_path)
    table = Table(examples, "ids_xf")

    examples["x_xf"][3] = [30, 15]  # seen by the table: there is no copy
    features, label = table.pick(tf.constant([3, 9]))

    assert features["x_xf"].numpy().tolist() == [[30, 15], [9, 4.5]]
    assert label.numpy().tolist() == [[3], [9]]


def test_a_table_keeps_its_examples_alive(tmp_path):
    table = Table(Examples.of({"y_xf": np.arange(1000)[:, np.newaxis]}), "y_xf")

    _, label = table.pick(tf.constant([999]))

    assert label.numpy().tolist() == [[999]]


def test_a_disk_without_room_is_told_of_before_anything_is_read(tmp_path, monkeypatch):
    def full(descriptor, offset, size):
        raise OSError(28, "No space left on device")

    write_parquet(tmp_path / "a.parquet", range(10))
    monkeypatch.setattr("os.posix_fallocate", full)

    # 10 rows of two float32 and one int64 are 160 bytes
    with pytest.raises(DataError, match=r"10 transformed examples take 0 MB.*No space left"):
        load([f"{tmp_path}/*.parquet"], PARSED, 0, tmp_path)
