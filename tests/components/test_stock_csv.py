"""Our ExampleGen and TFX's own give the same tf.Examples of a CSV that both can read."""

import csv
import pathlib
import tempfile

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tfx.components import CsvExampleGen
from tfx.components.example_gen.csv_example_gen.executor import Executor as StockExecutor
from tfx.types import standard_artifacts

from components.example_gen.component import TableExampleGen
from components.example_gen.config import Table
from components.example_gen.executor import Executor
from components.example_gen.files import Source
from pipeline.beam import Beam, beam_args

COLUMNS = {"x": "number", "n": "number", "t": "text", "y": "text"}

# TFX takes a column for text if one value is no number. NA is a text to it, a missing value to us.
words = st.text(st.sampled_from('abé ",;\n'), min_size=1, max_size=6).map(lambda word: f"w{word}")
rows = st.tuples(
    st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.none() | st.integers(-(2**24), 2**24),
    st.none() | words,
    words,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("stock")


def examples(executor, component, folder):
    """Every row, as a mapping of values, in an order that does not depend on splits."""
    artifact = standard_artifacts.Examples()
    artifact.uri = tempfile.mkdtemp(dir=folder)
    context = executor.Context(
        beam_pipeline_args=beam_args(Beam()), tmp_dir=f"{artifact.uri}/tmp", unique_id="1"
    )
    executor(context).Do({}, {"examples": [artifact]}, dict(component.exec_properties))
    files = tf.io.gfile.glob(f"{artifact.uri}/Split-*/*.gz")
    found = []
    for record in tf.data.TFRecordDataset(files, "GZIP"):
        features = tf.train.Example.FromString(record.numpy()).features.feature
        found.append(tuple(_value(features[name]) for name in COLUMNS))
    return sorted(found, key=repr)


def _value(feature):
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value if kind else []
    return next(
        (float(value) if isinstance(value, int | float) else value for value in values), None
    )


@settings(max_examples=4)
@given(st.lists(rows, min_size=5, max_size=60))
def test_a_table_gives_the_same_examples_as_with_tfx(folder, table):
    data = pathlib.Path(tempfile.mkdtemp(dir=folder))
    with (data / "rows.csv").open("w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        # So that TFX sees a number of each kind.
        writer.writerows([(0.5, 1, "w", "w"), *table])
    split = {"by": "hash", "train": 0.5, "eval": 0.5}
    ours = Table.model_validate({"format": "csv", "columns": COLUMNS, "label": "y", "split": split})

    found = examples(Executor, TableExampleGen(Source(data, "*.csv", "csv"), ours), folder)

    assert found == examples(StockExecutor, CsvExampleGen(str(data)), folder)
