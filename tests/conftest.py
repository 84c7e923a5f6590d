"""What several rooms share: rows run through Transform's real analysis, and tf.Examples."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

Row = Mapping[str, Any]  # a column that is not there is missing

BINARY = {"column": "label", "task": "binary"}


@dataclasses.dataclass(frozen=True)
class Transformed:
    """Rows after the transform graph that was analysed on them."""

    spec: Any  # LearningSpec
    output: Any  # tft.TFTransformOutput
    arrays: dict[str, np.ndarray]  # by transformed column, `(rows, width)`

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]


@pytest.fixture(scope="session")
def transform(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Transformed]:
    """Analyses and transforms rows with Beam, as TFX's Transform does.

    The modules are imported on use: tests of the scripts need no TensorFlow.
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
        from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

        from modules.export import parsing
        from modules.preprocessing import preprocessing_fn
        from modules.spec import LearningSpec
        from pipeline.beam import beam_args
        from pipeline.spec import Beam

        spec = LearningSpec.model_validate({"features": features, "label": label, **tables})
        feature_spec = parsing(spec.features, spec.label)
        metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(feature_spec))
        function = functools.partial(
            preprocessing_fn,
            custom_config={"spec": spec.model_dump_json(), "folder": str(folder)},
        )
        graph, written = (tmp_path_factory.mktemp(name) for name in ("graph", "rows"))
        sparse = [{name: _values(row.get(name)) for name in feature_spec} for row in rows]
        with (
            beam.Pipeline(options=PipelineOptions(beam_args(Beam()))) as pipeline,
            tft_beam.Context(temp_dir=str(tmp_path_factory.mktemp("beam"))),
        ):
            found = []
            (transformed, _), transform_fn = (
                pipeline | beam.Create(sparse, reshuffle=False), metadata
            ) | tft_beam.AnalyzeAndTransformDataset(function)
            _ = transform_fn | tft_beam.WriteTransformFn(str(graph))
            _ = transformed | beam.Map(found.append)
        print(len(found), list(written.iterdir()))
        return found

    return transform


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    return [value.encode() if isinstance(value, str) else value]
