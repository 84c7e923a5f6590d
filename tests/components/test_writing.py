"""tf.Examples and TFRecords as TensorFlow writes and reads them."""

import gzip

import pyarrow as pa
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.writing import tf_examples, tf_records

numbers = st.none() | st.floats(width=32, allow_nan=False)
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(st.lists(st.tuples(numbers, texts, numbers), max_size=8), st.text("aé ", max_size=150))
def test_rows_are_the_examples_that_protobuf_would_make(serialized, rows, name):
    types = {"x": pa.float32(), f"t{name}": pa.string(), f"n{name}": pa.float32()}
    columns = [
        pa.array([row[place] for row in rows], kind) for place, kind in enumerate(types.values())
    ]
    batch = pa.record_batch(columns, list(types))

    found = tf_examples(batch).to_pylist()

    expected = [dict(zip(types, row, strict=True)) for row in rows]
    assert [tf.train.Example.FromString(each) for each in found] == [
        tf.train.Example.FromString(serialized(row)) for row in expected
    ]


def test_a_row_is_always_the_same_bytes():
    batch = pa.record_batch({"b": pa.array([1.5], pa.float32()), "a": pa.array(["x"])})

    # Two entries of a map, of 13 and 10 bytes and two more each: 27. 1.5 is 0x3fc00000.
    number = b"\x0a\x0d" + b"\x0a\x01b" + b"\x12\x08\x12\x06\x0a\x04\x00\x00\xc0\x3f"
    text = b"\x0a\x0a" + b"\x0a\x01a" + b"\x12\x05\x0a\x03\x0a\x01x"
    assert tf_examples(batch).to_pylist() == [b"\x0a\x1b" + number + text]


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_records_are_framed_as_tensorflow_frames_them(tmp_path_factory, records):
    file = tmp_path_factory.mktemp("records") / "theirs"
    with tf.io.TFRecordWriter(str(file)) as writer:
        for record in records:
            writer.write(record)

    ours = gzip.decompress(tf_records(pa.array(records, pa.binary())))

    assert ours == file.read_bytes()
