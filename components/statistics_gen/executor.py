"""Statistics of each split, from record batches as they come."""

from typing import Any

import apache_beam as beam
from tensorflow_data_validation.statistics.stats_options import StatsOptions
from tfx.components.example_gen.utils import FINGERPRINT_PROPERTY_NAME
from tfx.components.statistics_gen import executor as stock
from tfx.components.util import examples_utils
from tfx.types import artifact_utils
from tfx.utils import io_utils, json_utils, stats_utils

from components import columns
from components.statistics_gen.statistics import Statistics, write

# What TFDV needs rows, slices or joins for, not only sums: left to TFX's own executor.
_OPTIONS_OF_STOCK = (
    "experimental_filter_read_paths",
    "feature_allowlist",
    "label_feature",
    "sample_rate",
    "slicing_config",
)
_PROPERTIES_OF_STOCK = ("sample_rate_by_split", "sharded_stats_output")


class Executor(stock.Executor):
    """TFDV's generators, combined over all splits in one pass.

    Sampling, slicing and the like, which it knows nothing of, TFX's own executor does.
    """

    def Do(  # noqa: N802  TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component."""
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        options = _options(exec_properties)
        excluded = json_utils.loads(exec_properties.get("exclude_splits") or "[]")
        splits = [
            split
            for split in artifact_utils.decode_split_names(examples.split_names)
            if split not in excluded
        ]
        # With two schemas or no split it raises.
        two_schemas = bool(input_dict.get("schema") and options.schema)
        if two_schemas or not splits or _is_for_stock(examples, options, exec_properties):
            super().Do(input_dict, output_dict, exec_properties)
            return
        if input_dict.get("schema"):
            folder = artifact_utils.get_single_uri(input_dict["schema"])
            options.schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(folder))
        statistics = artifact_utils.get_single_instance(output_dict["statistics"])
        _describe(statistics, splits, examples)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | columns.ReadSplits(examples, splits)
                | beam.CombinePerKey(Statistics(options))
                | "Write" >> beam.Map(write, statistics.uri)
            )


def _options(exec_properties: dict[str, Any]) -> StatsOptions:
    text = exec_properties.get("stats_options_json")
    return StatsOptions.from_json(text) if text else StatsOptions()


def _is_for_stock(examples: Any, options: StatsOptions, exec_properties: dict[str, Any]) -> bool:
    return (
        examples.has_custom_property(examples_utils.CUSTOM_SPLIT_PATTERN_PROPERTY_NAME)
        or any(getattr(options, name) for name in _OPTIONS_OF_STOCK)
        or any(exec_properties.get(name) for name in _PROPERTIES_OF_STOCK)
    )


def _describe(statistics: Any, splits: list[str], examples: Any) -> None:
    """What TFX's executor says of its output, and what the examples were read from.

    The link is empty outside of Google.
    """
    statistics.split_names = artifact_utils.encode_split_names(splits)
    statistics.span = examples.span
    statistics.set_string_custom_property(
        stock.STATS_DASHBOARD_LINK, stats_utils.generate_stats_dashboard_link(statistics)
    )
    statistics.set_json_value_custom_property(
        stock.SAMPLE_RATE_BY_SPLIT_PROPERTY_NAME, json_utils.dumps(dict.fromkeys(splits, 1.0))
    )
    if examples.has_custom_property(FINGERPRINT_PROPERTY_NAME):
        statistics.set_string_custom_property(
            FINGERPRINT_PROPERTY_NAME,
            examples.get_string_custom_property(FINGERPRINT_PROPERTY_NAME),
        )
