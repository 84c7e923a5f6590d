"""Transform from columns, held against TFX's own Transform on the same Examples."""

import datetime
import pathlib
import textwrap

import apache_beam as beam
import hypothesis
import hypothesis.strategies as st
import keras  # noqa: F401  before tensorflow_transform, which else turns tf.keras into Keras 2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that, equal_to
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import components as tfx
from tfx.components.util import tfxio_utils
from tfx.proto import transform_pb2
from tfx.types import Channel, standard_artifacts
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from components import columns
from components.transform.component import Transform
from modules.errors import SpecError
from modules.spec.learning import LearningSpec
from pipeline.beam import Beam, beam_args

LABEL = {"column": "late", "task": "binary", "classes": ["no", "yes"]}
FEATURES = {
    "n": {"kind": "numeric"},
    "l": {"kind": "numeric", "scale": "log"},
    "b": {"kind": "bucketized", "buckets": 3},
    "c": {"kind": "categorical"},
    "m": {"kind": "categorical", "max_size": 2, "min_count": 2},
    "h": {"kind": "hashed", "buckets": 5},
    "t": {"kind": "text", "max_tokens": 3, "min_count": 1},
    "w": {"kind": "timestamp"},
    "row": {"kind": "hashed", "buckets": 10_000_000},  # tells the rows of a test apart
}
ROWS = {"n": [1.0, 3.0], "late": ["no", "yes"]}
ONE = {"n": {"kind": "numeric"}}
NUMBERS = ("n", "l", "b")


def table(**cells):
    """A batch: float32 for the features that are numbers, else text."""
    return pa.record_batch(
        {
            name: pa.array(values, pa.float32() if name in NUMBERS else pa.string())
            for name, values in cells.items()
        }
    )


class Outcome:
    """The artifacts that a Transform made."""

    def __init__(self, graph, transformed):
        self.output = tft.TFTransformOutput(graph.uri)
        self.examples = transformed
        self.format = transformed.get_string_custom_property("payload_format")

    def rows(self, split):
        """All columns of a split side by side, `(rows, sum of widths)`, ordered by `row`."""
        spec = self.output.transformed_feature_spec()
        files = sorted(map(str, pathlib.Path(self.examples.uri, f"Split-{split}").glob("*")))
        if self.format == "FORMAT_PARQUET":
            found = pq.read_table(files)
            arrays = {
                name: found[name].combine_chunks().flatten().to_numpy().reshape(len(found), -1)
                for name in spec
            }
        else:
            records = list(tf.data.TFRecordDataset(files, compression_type="GZIP"))
            arrays = {k: v.numpy() for k, v in tf.io.parse_example(records, spec).items()}
        rows = np.concatenate([arrays[name].astype(np.float64) for name in sorted(arrays)], axis=1)
        return rows[arrays["row_xf"].ravel().argsort()] if "row_xf" in arrays else rows

    def vocabulary(self, column):
        return self.output.vocabulary_by_name(f"vocabulary_{column}")


@pytest.fixture(scope="module")
def transformed(tmp_path_factory):
    """Runs the executor of a component class on the batches of each split."""

    def transformed(component, splits, features=FEATURES, with_columns=True, prepare=None):
        folder = tmp_path_factory.mktemp("transform")
        tables = {}
        if prepare:
            imports = "import tensorflow as tf\nimport tensorflow_transform as tft\n"
            imports += "from modules.preprocessing import dense\n"
            body = textwrap.indent(textwrap.dedent(prepare), "    ")
            (folder / "prepare.py").write_text(f"{imports}def prepare(inputs):\n{body}\n")
            tables["preprocessing"] = {"function": "prepare.py:prepare"}
        examples = _examples(folder / "examples", splits, with_columns)
        spec = LearningSpec.model_validate({"label": LABEL, "features": features, **tables})
        made = component(
            examples=Channel(type=standard_artifacts.Examples),
            schema=Channel(type=standard_artifacts.Schema),
            preprocessing_fn="modules.preprocessing.preprocessing_fn",
            custom_config={"spec": spec.model_dump_json(), "folder": str(folder)},
            splits_config=transform_pb2.SplitsConfig(analyze=["train"], transform=list(splits)),
            disable_analyzer_cache=True,
            disable_statistics=True,
        )
        schema, graph = standard_artifacts.Schema(), standard_artifacts.TransformGraph()
        output = standard_artifacts.Examples()
        for artifact, name in ((schema, "schema"), (graph, "graph"), (output, "transformed")):
            artifact.uri = str(folder / name)
            (folder / name).mkdir()
        (folder / "schema" / "schema.pbtxt").write_text(_schema(splits["train"][0].schema))
        executor = made.EXECUTOR_SPEC.executor_class
        context = executor.Context(
            beam_pipeline_args=beam_args(Beam()), tmp_dir=str(folder / "tmp"), unique_id="1"
        )
        executor(context).Do(
            {"examples": [examples], "schema": [schema]},
            {"transform_graph": [graph], "transformed_examples": [output]},
            dict(made.exec_properties),
        )
        return Outcome(graph, output)

    return transformed


def _examples(folder, splits, with_columns):
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    artifact.split_names = str(list(splits)).replace("'", '"')
    artifact.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
    for split, batches in splits.items():
        for place, batch in enumerate(batches):
            path = folder / f"Split-{split}" / f"data-{place}.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
                for example in RecordBatchToExamplesEncoder().encode(columns.as_lists(batch)):
                    writer.write(example)
            if with_columns:
                columns.write(f"{columns.folder(str(folder), split)}/{place}.parquet", batch)
    return artifact


def _schema(arrow):
    types = {pa.float32(): schema_pb2.FLOAT, pa.string(): schema_pb2.BYTES}
    features = [schema_pb2.Feature(name=field.name, type=types[field.type]) for field in arrow]
    return text_format.MessageToString(schema_pb2.Schema(feature=features))


def test_the_transformed_rows_are_as_by_hand(transformed):
    train = table(n=[1.0, 3.0, None], c=["b", "b", "a"], late=["no", "yes", "yes"])
    evaluated = table(n=[5.0], c=["z"], late=["no"])
    features = {"n": {"kind": "numeric"}, "c": {"kind": "categorical"}}

    found = transformed(Transform, {"train": [train], "eval": [evaluated]}, features)

    # columns c_xf, late_xf, n_xf (scaled, missing); mean 2, deviation 1; unknown is the last id
    assert found.rows("train").tolist() == [[1, 0, -1, 0], [1, 1, 1, 0], [2, 1, 0, 1]]
    assert found.rows("eval").tolist() == [[3, 0, 3, 0]]
    assert found.vocabulary("c") == [b"b", b"a"]
    assert found.examples.split_names == '["train", "eval"]'
    assert found.format == "FORMAT_PARQUET"


def test_tfxio_reads_the_transformed_examples(transformed):
    found = transformed(Transform, {"train": [table(**ROWS)]}, ONE)
    schema = found.output.transformed_metadata.schema
    source = tfxio_utils.get_split_tfxio([found.examples], "train", ["test"], schema)

    with beam.Pipeline(options=PipelineOptions(beam_args(Beam()))) as pipeline:
        batches = (
            pipeline
            | source.BeamSource()
            | beam.Map(source.TensorAdapter().ToBatchTensors)
            | beam.Map(lambda tensors: tensors["n_xf"].numpy().tolist())
        )
        # mean 2, deviation 1; none is missing
        assert_that(batches, equal_to([[[-1, 0], [1, 0]]]))


SINGLE = st.floats(-1e6, 1e6, width=32)
MOMENT = st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2100, 1, 1))  # noqa: DTZ001
CELLS = {
    "n": st.none() | SINGLE,
    "l": st.none() | SINGLE,
    "b": st.none() | SINGLE,
    "c": st.none() | st.text(max_size=3),
    "m": st.none() | st.sampled_from(["", "a", "b", "c"]),
    "h": st.none() | st.text(max_size=3),
    "t": st.none() | st.text("ab é", max_size=9),
    "w": st.none() | MOMENT.map(lambda moment: moment.isoformat(timespec="seconds")),
    "late": st.sampled_from(["no", "yes"]),
}


@st.composite
def batches(draw):
    """Up to two batches of all kinds of features; now and then a column is all missing."""
    empty = draw(st.sampled_from([None, *FEATURES]))
    sizes = draw(st.lists(st.integers(1, 12), min_size=1, max_size=2))
    return [
        table(
            **{
                name: [None] * size
                if name == empty
                else draw(st.lists(cell, min_size=size, max_size=size))
                for name, cell in CELLS.items()
            },
            row=[f"{place}-{row}" for row in range(size)],
        )
        for place, size in enumerate(sizes)
    ]


@pytest.mark.slow
@hypothesis.settings(max_examples=2, phases=[hypothesis.Phase.generate])
@hypothesis.given(train=batches(), evaluated=batches())
def test_rows_vocabularies_and_schema_are_those_of_tfx(transformed, train, evaluated):
    splits = {"train": train, "eval": evaluated}

    ours, theirs = transformed(Transform, splits), transformed(tfx.Transform, splits)

    for split in splits:
        mine, others = ours.rows(split), theirs.rows(split)
        np.testing.assert_allclose(mine, others, rtol=1e-5, atol=1e-5)
    assert ours.output.transformed_metadata.schema == theirs.output.transformed_metadata.schema
    assert ours.output.raw_metadata.schema == theirs.output.raw_metadata.schema
    for column in ("c", "m", "t"):
        assert ours.vocabulary(column) == theirs.vocabulary(column)


def test_a_split_without_rows_gives_no_files(transformed):
    found = transformed(Transform, {"train": [table(**ROWS)], "eval": []}, ONE)

    assert not pathlib.Path(found.examples.uri, "Split-eval").exists()
    assert len(found.rows("train")) == 2


def test_a_spec_error_of_the_preprocessing_is_raised_as_it_is(transformed):
    with pytest.raises(SpecError, match=r"prepare.py:prepare raises RuntimeError: no luck$"):
        transformed(
            Transform, {"train": [table(**ROWS)]}, ONE, prepare="raise RuntimeError('no luck')"
        )


def test_an_analyzer_may_take_what_another_gives(transformed):
    prepare = """
    centered = dense(inputs["n"], 0.0) - tft.mean(dense(inputs["n"], 0.0))
    return {"n_xf": centered / tft.max(centered)}
    """
    batches = [table(n=[1.0], late=["no"]), table(n=[2.0, 6.0], late=["yes", "no"])]

    found = transformed(Transform, {"train": batches}, ONE, prepare=prepare)

    # mean 3: -2, -1, 3; the largest 3; columns late_xf, n_xf
    np.testing.assert_allclose(found.rows("train"), [[0, -2 / 3], [1, -1 / 3], [0, 1]], rtol=1e-6)
    assert found.format == "FORMAT_PARQUET"


def test_an_analyzer_of_another_kind_is_left_to_tfx(transformed):
    prepare = """
    text = tf.strings.as_string(dense(inputs["n"], 0.0), precision=0)
    return {"ids": tft.compute_and_apply_vocabulary(text, fingerprint_shuffle=True)}
    """

    found = transformed(Transform, {"train": [table(**ROWS)]}, ONE, prepare=prepare)

    assert found.format != "FORMAT_PARQUET"
    assert sorted(found.rows("train")[:, 0].tolist()) == [0, 1]


def test_examples_without_columns_are_left_to_tfx(transformed):
    found = transformed(Transform, {"train": [table(**ROWS)]}, ONE, with_columns=False)

    assert found.format != "FORMAT_PARQUET"
    # columns late_xf, n_xf; mean 2, deviation 1
    assert found.rows("train").tolist() == [[0, -1, 0], [1, 1, 0]]
