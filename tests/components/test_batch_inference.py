"""What a model answers to rows in columns, and the component that asks it for whole Examples."""

import json
import math
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.types import Channel, standard_artifacts
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from components import columns
from components.batch_inference.component import BatchInference
from components.batch_inference.executor import Executor
from components.batch_inference.scoring import Model, Score, answered, scores
from components.signature import ROWS, Signature
from modules.errors import SpecError
from pipeline.beam import Beam, beam_args

FEATURES = {"x": {"kind": "numeric"}, "tail.number": {"kind": "categorical"}}
COLUMNS = {"x": "number", "tail.number": "text"}
LABEL = {"column": "y", "task": "multiclass", "classes": ["a", "b", "ç"]}
TRAIN = [
    {"x": 1.0, "tail.number": "N1", "y": "a"},
    {"x": 2.0, "tail.number": "N2", "y": "b"},
    {"x": 3.0, "y": "ç"},
]


@pytest.fixture(scope="module")
def model(exported):
    return exported(FEATURES, TRAIN, LABEL)


@pytest.fixture(scope="module")
def signature(model):
    return Signature(str(model), COLUMNS)


@pytest.fixture(scope="module")
def by_hand(model):
    """Probabilities that TensorFlow alone gives for numbers and texts, in one call."""
    loaded = tf.saved_model.load(str(model))

    def by_hand(numbers, texts):
        inputs = {
            "x": tf.constant([[math.nan if number is None else number] for number in numbers]),
            "tail.number": tf.constant([[text or ""] for text in texts]),
        }
        return loaded.signatures["serving_raw"](**inputs)["probabilities"].numpy()

    return by_hand


def rows(numbers, texts):
    return pa.record_batch(
        {"x": pa.array(numbers, pa.float32()), "tail.number": pa.array(texts, pa.string())}
    )


def test_rows_in_columns_get_what_the_signature_answers(signature, by_hand):
    scored = scores(signature, rows([1.5, None, -2.0], ["N1", "N9", None]))

    expected = by_hand([1.5, None, -2.0], ["N1", "N9", None])
    assert scored.schema.names == ["class", "probabilities"]
    assert np.array(scored["probabilities"].to_pylist(), np.float32).tolist() == expected.tolist()
    assert scored["class"].to_pylist() == [
        LABEL["classes"][place] for place in expected.argmax(axis=1)
    ]


def test_lists_of_one_value_are_scored_as_values_are(signature):
    batch = rows([1.5, None], ["N1", None])

    assert scores(signature, columns.as_lists(batch)) == scores(signature, batch)


def test_a_column_that_is_not_there_is_missing_in_every_row(signature):
    batch = rows([1.5, 2.5], [None, None])

    assert scores(signature, batch.select(["x"])) == scores(signature, batch)


def test_the_columns_of_scores_are_known_before_a_row_is_scored(signature):
    known = answered(signature)

    assert known == scores(signature, rows([1.0], ["N1"])).schema
    assert known.types == [pa.string(), pa.list_(pa.float32())]


def test_many_rows_are_scored_in_several_calls_each_as_by_hand(model, by_hand):
    numbers = [number / 1000 for number in range(ROWS + 3)]
    texts = ["N1", None, "N2", "N3"] * (ROWS // 4) + ["N1"] * 3
    score = Score(Model(str(model), COLUMNS))
    score.setup()

    ((key, scored),) = score.process(("k", rows(numbers, texts), {"id": pa.array(range(ROWS + 3))}))

    assert (key, scored["id"].to_pylist()) == ("k", list(range(ROWS + 3)))
    first, second = (
        by_hand(numbers[part], texts[part]) for part in (slice(ROWS), slice(ROWS, None))
    )
    found = np.array(scored["probabilities"].to_pylist(), np.float32)
    assert (found[:ROWS] == first).all()
    assert (found[ROWS:] == second).all()


def test_a_row_is_scored_alike_alone_and_among_others_but_for_the_last_bits(signature):
    # Of another number of rows TensorFlow adds up products in another order: docs/predicting.md.
    batch = rows([row / 7 for row in range(40)], ["N1", "N2", None, "N9"] * 10)

    together = np.array(scores(signature, batch)["probabilities"].to_pylist(), np.float32)
    parts = [scores(signature, batch.slice(row, 1)) for row in range(40)]
    alone = np.array([part["probabilities"][0].as_py() for part in parts], np.float32)

    assert alone == pytest.approx(together, rel=1e-6)


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """Examples of two splits; "train" has three rows, "eval" two."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(tmp_path_factory.mktemp("examples"))
    artifact.split_names = '["train", "eval"]'
    artifact.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
    splits = {
        "train": rows([1.0, 2.0, None], ["N1", None, "N2"]),
        "eval": rows([4.0, 5.0], ["N1", "é"]),
    }
    for split, batch in splits.items():
        folder = f"{artifact.uri}/Split-{split}"
        tf.io.gfile.makedirs(folder)
        with tf.io.TFRecordWriter(f"{folder}/data.gz", "GZIP") as writer:
            for example in RecordBatchToExamplesEncoder().encode(columns.as_lists(batch)):
                writer.write(example)
        columns.write(f"{columns.folder(artifact.uri, split)}/0.parquet", batch)
    return artifact


@pytest.fixture
def infer(model, examples, tmp_path):
    """Runs the executor with the properties that the component itself makes; rows by split."""
    trained = standard_artifacts.Model()
    trained.uri = str(tmp_path / "model")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "Format-Serving").symlink_to(model)
    trained.set_string_custom_property("tfx_version", "1.21.0")

    def infer(blessed=None, **arguments):
        made = BatchInference(
            examples=Channel(type=standard_artifacts.Examples),
            model=Channel(type=standard_artifacts.Model),
            **arguments,
        )
        inputs = {"examples": [examples], "model": [trained]}
        if blessed is not None:
            blessing = standard_artifacts.ModelBlessing()
            blessing.set_int_custom_property("blessed", blessed)
            inputs["model_blessing"] = [blessing]
        result = standard_artifacts.InferenceResult()
        result.uri = str(tmp_path / "result")
        (tmp_path / "result").mkdir(exist_ok=True)
        context = Executor.Context(
            beam_pipeline_args=beam_args(Beam()), tmp_dir=str(tmp_path / "tmp"), unique_id="1"
        )
        properties = dict(made.exec_properties)
        Executor(context).Do(inputs, {"inference_result": [result]}, properties)
        files = sorted(pathlib.Path(result.uri).iterdir())
        return {file.name.partition("-")[0]: pq.read_table(file).to_pydict() for file in files}

    return infer


def test_the_component_scores_every_split_of_examples(infer, by_hand):
    found = infer(keep=["tail.number"])

    assert set(found) == {"train", "eval"}
    assert found["eval"]["tail.number"] == ["N1", "é"]
    assert found["train"]["tail.number"] == ["N1", None, "N2"]
    for split, numbers, texts in (
        ("train", [1.0, 2.0, None], ["N1", None, "N2"]),
        ("eval", [4.0, 5.0], ["N1", "é"]),
    ):
        probabilities = np.array(found[split]["probabilities"], np.float32)
        assert probabilities.tolist() == by_hand(numbers, texts).tolist()


def test_the_component_scores_the_splits_that_it_is_told_to(infer):
    found = infer(splits=["eval"])

    assert list(found) == ["eval"]
    assert list(found["eval"]) == ["class", "probabilities"]


def test_tf_examples_without_columns_are_scored_too(infer, examples, monkeypatch):
    monkeypatch.setattr(columns, "_FOLDER", "nowhere")

    found = infer(splits=["eval"], keep=["tail.number"])

    assert found["eval"]["tail.number"] == ["N1", "é"]


def test_a_model_that_is_not_blessed_scores_nothing(infer):
    assert infer(blessed=0) == {}
    assert set(infer(blessed=1)) == {"train", "eval"}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"splits": ["valid"]}, r"BatchInference.splits: got \['valid'\], expected some of \['tra"),
        ({"keep": ["class"]}, r"BatchInference.keep: the model answers under the name of \['class"),
    ],
)
def test_what_the_component_cannot_do_is_refused(infer, arguments, problem):
    with pytest.raises(SpecError, match=problem):
        infer(**arguments)


def test_a_column_to_keep_that_is_not_there_is_refused_with_the_nearest_name(infer):
    with pytest.raises(ValueError, match=r"no column 'tail_number' in the Examples.*did you mean"):
        infer(keep=["tail_number"])


def test_the_component_takes_its_place_in_a_dag():
    made = BatchInference(
        examples=Channel(type=standard_artifacts.Examples),
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
        keep=["tail.number"],
    )

    assert list(made.inputs) == ["examples", "model", "model_blessing"]
    assert made.outputs["inference_result"].type is standard_artifacts.InferenceResult
    assert json.loads(made.exec_properties["keep"]) == ["tail.number"]
