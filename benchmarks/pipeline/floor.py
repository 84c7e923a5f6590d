"""The bare work of the template in one process, which no pipeline of this stack can undercut.

Runs in a folder of the template and takes its preprocessing and its model. No metadata, no
artifacts but the model, no slices, no blessing; a seeded generator splits the rows. Writes
`found.json`.
"""

import contextlib
import dataclasses
import json
import pathlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

DATA = pathlib.Path("data/data.csv")
TRAIN_SHARE = 2 / 3
TRAIN_STEPS, EVAL_STEPS, BATCH_SIZE = 1000, 150, 40  # as the template's
STEPS_AT_ONCE = 50
BATCH_ROWS = 65_536
LABEL = "tips_xf"

Arrays = dict[str, Any]  # transformed columns, `(rows, 1)`
STAGES: list[tuple[str, float, float]] = []  # name, start and end in seconds since the epoch


@contextlib.contextmanager
def stage(name: str) -> Iterator[None]:
    """Times what is within."""
    start = time.time()
    yield
    STAGES.append((name, start, time.time()))


def read() -> dict[str, Any]:
    """Each split as one record batch, whose columns are lists of one value or none, as TFX's."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    options = csv.ConvertOptions(strings_can_be_null=True)
    table = csv.read_csv(DATA, convert_options=options)
    columns = {name: _lists(table[name].combine_chunks()) for name in table.column_names}
    rows = pa.RecordBatch.from_pydict(columns)
    train = np.random.default_rng(0).random(len(rows)) < TRAIN_SHARE
    return {"train": rows.filter(pa.array(train)), "eval": rows.filter(pa.array(~train))}


def _lists(column: Any) -> Any:
    """The column as TFX has it: float32, int64 or bytes, a missing value being an empty list."""
    import numpy as np
    import pyarrow as pa

    types = {"double": pa.float32(), "string": pa.binary()}
    present = np.asarray(column.is_valid())
    offsets = np.concatenate([[0], np.cumsum(present)]).astype(np.int32)
    values = column.drop_null().cast(types.get(str(column.type), column.type))
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def statistics_of(splits: dict[str, Any]) -> dict[str, Any]:
    """TFDV's statistics of each split, computed in memory."""
    from tensorflow_data_validation.statistics import stats_impl

    lists = {name: stats_impl.generate_statistics_in_memory(rows) for name, rows in splits.items()}
    return {name: each.datasets[0] for name, each in lists.items()}


def schema_of(statistics: Any) -> Any:
    """What TFDV infers from the statistics of the train split."""
    import tensorflow_data_validation as tfdv
    from tensorflow_metadata.proto.v0 import statistics_pb2

    return tfdv.infer_schema(statistics_pb2.DatasetFeatureStatisticsList(datasets=[statistics]))


def analyze(rows: Any, adapter: Any, folder: pathlib.Path) -> None:
    """Writes the transform graph of the template's preprocessing."""
    import apache_beam as beam
    import pyarrow as pa
    import tensorflow_transform.beam as tft_beam
    from models.preprocessing import preprocessing_fn
    from pyarrow import parquet

    path = str(folder / "train.parquet")  # beam.Create would compress the rows into the pipeline
    parquet.write_table(pa.Table.from_batches([rows]), path)
    with beam.Pipeline("FnApiRunner") as pipeline, tft_beam.Context(str(folder / "temporary")):
        batches = pipeline | beam.Create([path]) | beam.FlatMap(_batches)
        graph = (batches, adapter) | tft_beam.AnalyzeDataset(preprocessing_fn)
        graph | tft_beam.WriteTransformFn(str(folder))


def _batches(path: str) -> Iterable[Any]:
    from pyarrow import parquet

    return parquet.ParquetFile(path).iter_batches(BATCH_ROWS)


def apply(rows: Any, adapter: Any, graph: Any) -> Arrays:
    """The transformed columns."""
    import numpy as np
    from tfx_bsl.public import tfxio

    to_tensors = tfxio.TensorAdapter(adapter).ToBatchTensors
    layer = graph.transform_features_layer()
    starts = range(0, len(rows), BATCH_ROWS)
    batches = [layer(to_tensors(rows.slice(start, BATCH_ROWS))) for start in starts]
    return {
        name: np.concatenate([np.reshape(batch[name], (-1, 1)) for batch in batches])
        for name in batches[0]
    }


def train(arrays: dict[str, Arrays]) -> Any:
    """The template's model, trained as the template trains, several steps a call."""
    from models.keras_model import constants
    from models.keras_model.model import _build_keras_model

    model = _build_keras_model(constants.HIDDEN_UNITS, constants.LEARNING_RATE)
    model.compile(
        model.optimizer,
        "binary_crossentropy",
        metrics=["binary_accuracy"],
        steps_per_execution=STEPS_AT_ONCE,
    )
    model.fit(
        _picked(arrays["train"], TRAIN_STEPS),
        steps_per_epoch=TRAIN_STEPS,
        validation_data=_picked(arrays["eval"], EVAL_STEPS),
        verbose=0,
    )
    return model


def _picked(arrays: Arrays, steps: int) -> Any:
    """Batches of rows picked at random."""
    import numpy as np
    import tensorflow as tf

    rows = np.random.default_rng(0).integers(0, len(arrays[LABEL]), (steps, BATCH_SIZE))
    constants = {name: tf.constant(array) for name, array in arrays.items()}

    def gather(indices: Any) -> tuple[Arrays, Any]:
        batch = {name: tf.gather(column, indices) for name, column in constants.items()}
        return batch, batch.pop(LABEL)

    return tf.data.Dataset.from_tensor_slices(rows).map(gather).prefetch(tf.data.AUTOTUNE)


def save(model: Any, folder: pathlib.Path) -> None:
    """Exports the model with the two signatures of the template."""
    import tensorflow as tf
    import tensorflow_transform as tft
    from models.keras_model import model as template

    graph = tft.TFTransformOutput(str(folder))
    signatures = {
        "serving_default": template._get_tf_examples_serving_signature(model, graph),
        "transform_features": template._get_transform_features_signature(model, graph),
    }
    tf.saved_model.save(model, str(folder / "model"), signatures)


def accuracy(model: Any, arrays: Arrays) -> float:
    """The share of the rows whose class is right."""
    features = {name: array for name, array in arrays.items() if name != LABEL}
    predicted = model.predict(features, batch_size=8192, verbose=0) > 0.5
    return float((predicted == arrays[LABEL]).mean())


def transform(splits: dict[str, Any], schema: Any, folder: pathlib.Path) -> dict[str, Arrays]:
    """The transformed columns of each split; the transform graph is written to the folder."""
    import tensorflow_transform as tft
    from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io
    from tfx_bsl.public import tfxio
    from tfx_bsl.tfxio import tensor_representation_util

    tensors = tensor_representation_util.InferTensorRepresentationsFromSchema(schema)
    adapter = tfxio.TensorAdapterConfig(splits["train"].schema, tensors)
    analyze(splits["train"], adapter, folder)
    raw = str(folder / tft.TFTransformOutput.RAW_METADATA_DIR)
    metadata_io.write_metadata(dataset_metadata.DatasetMetadata(schema), raw)
    graph = tft.TFTransformOutput(str(folder))
    return {name: apply(rows, adapter, graph) for name, rows in splits.items()}


def main() -> None:
    """Does the work of every stage and writes what a run is asked for."""
    folder = pathlib.Path("floor")
    folder.mkdir()
    with stage("imports"):
        sys.path.append(".")  # the template
        import keras  # noqa: F401  first: else tensorflow_transform makes tf.keras Keras 2
        import tensorflow_data_validation  # noqa: F401
        import tensorflow_transform.beam  # noqa: F401
        from found import columns
    with stage("ExampleGen"):
        splits = read()
    with stage("StatisticsGen"):
        statistics = statistics_of(splits)
    with stage("SchemaGen"):
        schema = schema_of(statistics["train"])
    with stage("Transform"):
        arrays = transform(splits, schema, folder)
    with stage("Trainer"):
        model = train(arrays)
        save(model, folder)
    with stage("Evaluator"):
        judged = accuracy(model, arrays["eval"])
    told = {
        "stages": STAGES,
        "rows": {name: len(rows) for name, rows in splits.items()},
        "schema_columns": len(schema.feature),
        "accuracy": judged,
        "columns": {name: dataclasses.astuple(of) for name, of in columns(statistics).items()},
    }
    pathlib.Path("found.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
