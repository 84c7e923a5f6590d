"""What StatisticsGen and ExampleValidator wrote, by split."""

import os
from typing import Any

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils


def statistics_by_split(artifact: Any) -> dict[str, Any]:
    """The DatasetFeatureStatistics of each split of an ExampleStatistics artifact."""
    return {
        split: tfdv.load_stats_binary(_file(artifact, split, "FeatureStats.pb")).datasets[0]
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }


def anomalies_by_split(artifact: Any) -> dict[str, Any]:
    """The Anomalies of each split of an ExampleAnomalies artifact."""
    return {
        split: anomalies_pb2.Anomalies.FromString(
            io_utils.read_bytes_file(_file(artifact, split, "SchemaDiff.pb"))
        )
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }


def _file(artifact: Any, split: str, name: str) -> str:
    return os.path.join(artifact_utils.get_split_uri([artifact], split), name)
