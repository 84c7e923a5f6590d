"""What several rooms share: rows run through Transform's real analysis, and tf.Examples."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import hypothesis
import numpy as np
import pytest

from tests.pipeline.report import browser

# No deadline: how long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile(
    "headrace", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("headrace")

Row = Mapping[str, Any]  # a column that is not there is missing

BINARY = {"column": "label", "task": "binary"}


@dataclasses.dataclass(frozen=True)
class Transformed:
    """Rows after the transform graph that was analysed on them."""

    spec: Any  # LearningSpec
    output: Any  # tft.TFTransformOutput
    files: str  # glob of the transformed examples

    @functools.cached_property
    def arrays(self) -> Any:
        """By transformed column, `(rows, width)`."""
        from modules.training.examples import load

        files = pathlib.Path(self.files)
        return load([self.files], self.output.transformed_feature_spec(), 1, files.parent)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def build(self, folder: pathlib.Path, spec: Any = None) -> Any:
        """The model of the spec, or of another one for the same columns."""
        from modules.columns import columns, head
        from modules.models.build import build_model
        from modules.preprocessing import transformed

        label = self.spec.label
        shape = head(label, self[transformed(label.column)])
        given = columns(self.output, label, self.arrays)
        return build_model((spec or self.spec).model, given, shape, folder)


@pytest.fixture(scope="session")
def transform(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Transformed]:
    """Analyses and transforms rows with Beam, as TFX's Transform does; some seconds a call.

    What is heavy is imported on use: the tests of scripts need no TensorFlow.
    """

    def transform(
        features: Mapping[str, Mapping[str, Any]],
        rows: Sequence[Row],
        label: Mapping[str, Any] = BINARY,
        folder: pathlib.Path | None = None,
        **tables: Any,  # further tables of the spec
    ) -> Transformed:
        import apache_beam as beam
        import tensorflow_transform as tft
        from apache_beam.options.pipeline_options import PipelineOptions
        from tensorflow_transform import beam as tft_beam
        from tfx_bsl.coders import example_coder
        from tfx_bsl.public import tfxio

        from modules.export import parsing
        from modules.preprocessing import preprocessing_fn
        from modules.spec.learning import LearningSpec
        from pipeline.beam import Beam, beam_args

        spec = LearningSpec.model_validate({"features": features, "label": label, **tables})
        config = {"spec": spec.model_dump_json(), "folder": str(folder)}
        schema = tft.tf_metadata.schema_utils.schema_from_feature_spec(
            parsing(spec.features, spec.label)
        )
        source = tfxio.TFExampleBeamRecord("bytes", schema=schema)
        graph, written = (tmp_path_factory.mktemp(name) for name in ("graph", "rows"))
        with (
            beam.Pipeline(options=PipelineOptions(beam_args(Beam()))) as pipeline,
            tft_beam.Context(temp_dir=str(tmp_path_factory.mktemp("beam"))),
        ):
            examples = pipeline | beam.Create([serialized(row) for row in rows], reshuffle=False)
            raw = (examples | source.BeamSource(), source.TensorAdapterConfig())
            (batches, _), function = raw | tft_beam.AnalyzeAndTransformDataset(
                functools.partial(preprocessing_fn, custom_config=config),
                output_record_batches=True,
            )
            _ = function | tft_beam.WriteTransformFn(str(graph))
            _ = (
                batches
                | beam.FlatMapTuple(
                    lambda batch, _: example_coder.RecordBatchToExamplesEncoder().encode(batch)
                )
                | beam.io.WriteToTFRecord(
                    str(written / "part"), file_name_suffix=".gz", num_shards=1
                )
            )
        output = tft.TFTransformOutput(str(graph))
        return Transformed(spec, output, str(written / "*.gz"))

    return transform


@pytest.fixture(scope="session")
def exported(
    transform: Callable[..., Transformed], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., pathlib.Path]:
    """Exports a small model after two epochs on some rows; gives the folder of the SavedModel."""

    def exported(
        features: Mapping[str, Mapping[str, Any]],
        rows: Sequence[Row],
        label: Mapping[str, Any] = BINARY,
    ) -> pathlib.Path:
        import keras

        from modules.export import export
        from modules.preprocessing import transformed

        losses = {
            "binary": "binary_crossentropy",
            "multiclass": "sparse_categorical_crossentropy",
            "regression": "mean_squared_error",
        }
        keras.utils.set_random_seed(0)
        made = transform(features, rows, label, model={"hidden": [8]})
        folder = tmp_path_factory.mktemp("exported") / "model"
        model = made.build(folder.parent)
        inputs = dict(made.arrays)
        answers = inputs.pop(transformed(made.spec.label.column))
        model.compile("adam", losses[made.spec.label.task])
        model.fit(inputs, answers, epochs=2, verbose=0)
        export(model, made.output, made.spec, folder)
        return folder

    return exported


def serialized(row: Row) -> bytes:
    """A row as a serialized tf.Example: float32 for numbers, bytes for text."""
    import tensorflow as tf

    example = tf.train.Example()
    for name, value in row.items():
        if isinstance(value, str | bytes):
            text = value.encode() if isinstance(value, str) else value
            example.features.feature[name].bytes_list.value.append(text)
        elif value is not None:
            example.features.feature[name].float_list.value.append(value)
        else:
            example.features.feature[name].SetInParent()
    return example.SerializeToString()


@pytest.fixture(name="serialized", scope="session")
def _serialized() -> Callable[[Row], bytes]:
    return serialized


@pytest.fixture
def chromium(tmp_path: pathlib.Path) -> Iterator[browser.Browser]:
    """A browser to look at pages with; it is there in CI."""
    if browser.is_missing():
        pytest.skip("there is no Chromium: apt-get install chromium")
    with browser.browser(tmp_path) as opened:
        yield opened
