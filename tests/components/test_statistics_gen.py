"""Statistics from columns, held against those of TFX's own StatisticsGen on the same Examples."""

import math

import hypothesis
import hypothesis.strategies as st
import pyarrow as pa
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from google.protobuf import json_format
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx import components as tfx
from tfx.types import Channel, standard_artifacts
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from components import columns
from components.statistics_gen.component import StatisticsGen
from components.statistics_gen.statistics import Statistics
from pipeline.beam import Beam, beam_args

FLOAT, STRING = (
    statistics_pb2.FeatureNameStatistics.FLOAT,
    statistics_pb2.FeatureNameStatistics.STRING,
)


@pytest.fixture(scope="module")
def examples_of(tmp_path_factory):
    """Makes an Examples artifact of the batches of each split, with or without columns."""

    def examples_of(splits, with_columns=True):
        artifact = standard_artifacts.Examples()
        artifact.uri = str(tmp_path_factory.mktemp("examples"))
        artifact.split_names = str(list(splits)).replace("'", '"')
        artifact.span = 7
        artifact.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
        for split, batches in splits.items():
            folder = f"{artifact.uri}/Split-{split}"
            tf.io.gfile.makedirs(folder)
            for place, batch in enumerate(batches):
                with tf.io.TFRecordWriter(f"{folder}/data-{place}.gz", "GZIP") as writer:
                    for example in RecordBatchToExamplesEncoder().encode(columns.as_lists(batch)):
                        writer.write(example)
                if with_columns:
                    columns.write(f"{columns.folder(artifact.uri, split)}/{place}.parquet", batch)
        return artifact

    return examples_of


@pytest.fixture(scope="module")
def count(tmp_path_factory):
    """Runs the executor of a component class; gives its artifact and the statistics by split."""

    def count(component, examples, schema=None, **arguments):
        channel = Channel(type=standard_artifacts.Schema) if schema else None
        made = component(
            examples=Channel(type=standard_artifacts.Examples), schema=channel, **arguments
        )
        output = standard_artifacts.ExampleStatistics()
        output.uri = str(tmp_path_factory.mktemp("statistics"))
        executor = made.EXECUTOR_SPEC.executor_class
        context = executor.Context(
            beam_pipeline_args=beam_args(Beam()), tmp_dir=output.uri, unique_id="1"
        )
        inputs = {"examples": [examples], **({"schema": [schema]} if schema else {})}
        executor(context).Do(inputs, {"statistics": [output]}, dict(made.exec_properties))
        return output, {
            folder.removesuffix("/").removeprefix("Split-"): tfdv.load_stats_binary(
                f"{output.uri}/{folder}/FeatureStats.pb"
            )
            for folder in tf.io.gfile.listdir(output.uri)
            if folder.startswith("Split-")
        }

    return count


def numbers(*values):
    return pa.array(values, pa.float32())


def differences(ours, theirs, place=""):
    """Where two messages differ, as dictionaries, but for the last digits of floats."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        pairs = [(key, ours[key], theirs[key]) for key in ours]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = list(zip(range(len(ours)), ours, theirs, strict=True))
    elif isinstance(ours, float) and isinstance(theirs, float):
        pairs = []
        if not math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-9):
            yield place, ours, theirs
    else:
        pairs = []
        if ours != theirs:
            yield place, ours, theirs
    for key, our, their in pairs:
        yield from differences(our, their, f"{place}.{key}")


def readable(statistics):
    """By split and feature."""
    return {
        split: {
            feature.path.step[0]: json_format.MessageToDict(feature)
            for feature in found.datasets[0].features
        }
        for split, found in statistics.items()
    }


def test_a_column_is_counted_as_by_hand(examples_of, count):
    batch = pa.record_batch({"x": numbers(1, 3, None), "t": ["b", "", "b"]})

    _, found = count(StatisticsGen, examples_of({"train": [batch]}))

    text, number = found["train"].datasets[0].features
    assert found["train"].datasets[0].num_examples == 3
    assert (number.path.step[0], number.num_stats.mean, number.num_stats.std_dev) == ("x", 2, 1)
    assert number.num_stats.common_stats.num_missing == 1
    assert text.string_stats.unique == 2
    top = [(value.value, value.frequency) for value in text.string_stats.top_values]
    assert top == [("b", 2), ("", 1)]


def test_a_column_without_a_value_keeps_its_type(examples_of, count):
    # TFX reads tf.Examples without a value of any type, and takes the column for text.
    batch = pa.record_batch({"x": numbers(None, None), "t": pa.array([None, None], pa.string())})
    examples = examples_of({"train": [batch]})

    _, ours = count(StatisticsGen, examples)
    _, theirs = count(tfx.StatisticsGen, examples)

    assert [feature.type for feature in ours["train"].datasets[0].features] == [STRING, FLOAT]
    assert [feature.type for feature in theirs["train"].datasets[0].features] == [STRING, STRING]


def test_a_text_of_over_1024_bytes_counts_without_its_letters(examples_of, count):
    batch = pa.record_batch({"t": ["b" * 1025, "b" * 1026, "b" * 1024]})

    _, found = count(StatisticsGen, examples_of({"train": [batch]}))

    (text,) = found["train"].datasets[0].features
    top = [(value.value, value.frequency) for value in text.string_stats.top_values]
    assert top == [("__LARGE_BYTES__", 2), ("b" * 1024, 1)]
    assert text.string_stats.unique == 3


def test_thousands_of_distinct_values_are_counted_one_by_one():
    # 16,383 values, of which one comes twice; TFDV's own sketch holds 1,024.
    values = [[f"{number}"] for number in range(16_383)] + [["7"]]
    combine = Statistics(tfdv.StatsOptions())
    parts = [
        combine.add_input(
            combine.create_accumulator(),
            pa.record_batch({"t": pa.array(part, pa.list_(pa.binary()))}),
        )
        for part in (values[:9_000], values[9_000:])
    ]

    found = combine.extract_output(combine.merge_accumulators(parts))

    strings = found.datasets[0].features[0].string_stats
    assert strings.unique == 16_383
    top = [(value.value, value.frequency) for value in strings.top_values[:2]]
    assert top == [("7", 2), ("9999", 1)]


SINGLE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw):
    """A batch of columns that are constant, or any, or of text also all missing."""
    size = draw(st.integers(1, 40))
    cells = {  # a first value, for TFX takes a column of numbers without any for text
        "a": (pa.float32(), 2.0, st.just(2.0)),
        "b": (pa.float32(), 0.0, st.none() | SINGLE),
        "c": (pa.float32(), -1.0, SINGLE),
        "d": (pa.string(), None, st.none()),
        "e": (pa.string(), "é", st.just("é")),
        "f": (pa.string(), "", st.none() | st.text()),
        "g": (pa.string(), "a", st.sampled_from(["", "a", "b" * 1000])),
    }
    return pa.record_batch(
        {
            name: pa.array([first, *draw(st.lists(cell, min_size=size, max_size=size))], kind)
            for name, (kind, first, cell) in cells.items()
        }
    )


@pytest.mark.slow
@hypothesis.settings(max_examples=3, phases=[hypothesis.Phase.generate])
@hypothesis.given(train=tables(), evaluated=tables())
def test_the_numbers_are_those_of_tfx(examples_of, count, train, evaluated):
    examples = examples_of({"train": [train], "eval": [evaluated]})

    artifact, ours = count(StatisticsGen, examples)
    stock, theirs = count(tfx.StatisticsGen, examples)

    assert list(differences(readable(ours), readable(theirs))) == []
    assert artifact.span == stock.span == 7
    assert artifact.split_names == stock.split_names
    assert artifact.mlmd_artifact.custom_properties == stock.mlmd_artifact.custom_properties


def test_tf_examples_without_columns_are_counted_too(examples_of, count):
    batches = [pa.record_batch({"x": numbers(1, None)}), pa.record_batch({"x": numbers(3)})]

    _, found = count(StatisticsGen, examples_of({"train": batches}, with_columns=False))

    (number,) = found["train"].datasets[0].features
    assert (found["train"].datasets[0].num_examples, number.num_stats.mean) == (3, 2)


def test_what_the_examples_were_read_from_is_handed_on(examples_of, count):
    examples = examples_of({"train": [pa.record_batch({"x": numbers(1)})]})
    examples.set_string_custom_property("input_fingerprint", "split:all,num_files:1")

    artifact, _ = count(StatisticsGen, examples)

    assert artifact.get_string_custom_property("input_fingerprint") == "split:all,num_files:1"


def test_excluded_splits_are_left_out(examples_of, count):
    batch = pa.record_batch({"x": numbers(1)})
    examples = examples_of({"train": [batch], "eval": [batch]})

    artifact, found = count(StatisticsGen, examples, exclude_splits=["eval"])

    assert list(found) == ["train"]
    assert artifact.split_names == '["train"]'


def test_options_that_parts_cannot_be_merged_by_are_left_to_tfx(examples_of, count):
    batch = pa.record_batch({"x": numbers(1, 2), "t": ["a", "b"]})
    options = tfdv.StatsOptions(feature_allowlist=["x"])

    _, found = count(StatisticsGen, examples_of({"train": [batch]}), stats_options=options)

    assert [feature.path.step[0] for feature in found["train"].datasets[0].features] == ["x"]
