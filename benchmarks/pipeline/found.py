"""What a run left behind: the time of its stages, its rows, its statistics, its metric."""

import contextlib
import dataclasses
import math
import pathlib
import sqlite3
from collections.abc import Mapping
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

_CLOSE = 1e-6  # of a mean: the rows are in other splits, so in another order


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage of the DAG, in seconds since the epoch."""

    name: str
    start: float
    end: float


@dataclasses.dataclass(frozen=True)
class Column:
    """What the statistics say of a column, all splits together."""

    values: int
    mean: float | None  # None: no number


@dataclasses.dataclass(frozen=True)
class Found:
    """What is compared of a run, beside what it took."""

    stages: list[Stage]
    rows: dict[str, int]  # by split
    schema_columns: int
    accuracy: float  # on the eval split
    columns: dict[str, Column]


def found(database: pathlib.Path, artifacts: pathlib.Path) -> Found:
    """What TFX's metadata and artifacts say of the only run in them."""
    statistics = _statistics(artifacts)
    return Found(
        stages=stages(database),
        rows={split: dataset.num_examples for split, dataset in statistics.items()},
        schema_columns=_schema_columns(artifacts),
        accuracy=_accuracy(artifacts),
        columns=columns(statistics),
    )


def stages(database: pathlib.Path) -> list[Stage]:
    """The stages in the order they ran, from registered to published, as ML Metadata has it."""
    query = """
        SELECT Type.name, create_time_since_epoch, last_update_time_since_epoch
        FROM Execution JOIN Type ON Type.id = Execution.type_id ORDER BY Execution.id
    """
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(query).fetchall()
    return [Stage(_stage_name(name), start / 1000, end / 1000) for name, start, end in rows]


def _stage_name(component: str) -> str:
    """The class, which is called alike on both sides but for that which reads the rows."""
    name = component.rpartition(".")[2]
    return "ExampleGen" if name.endswith("ExampleGen") else name


def _statistics(artifacts: pathlib.Path) -> dict[str, Any]:
    """By split, in TFDV's format."""
    splits = {}
    for path in sorted(artifacts.glob("*/statistics/*/Split-*/FeatureStats.pb"), reverse=True):
        datasets = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
        splits[path.parent.name.removeprefix("Split-")] = datasets.datasets[0]
    return splits


def columns(statistics: Mapping[str, Any]) -> dict[str, Column]:
    """What the statistics of all splits together say of each column."""
    together: dict[str, Column] = {}
    for dataset in statistics.values():
        for feature in dataset.features:
            name = feature.name or feature.path.step[0]
            together[name] = _add(together.get(name, Column(0, 0.0)), feature)
    return together


def _add(column: Column, feature: Any) -> Column:
    numbers = feature.WhichOneof("stats") == "num_stats"
    common = feature.num_stats.common_stats if numbers else feature.string_stats.common_stats
    # Not `num_non_missing`: the template writes an empty list for a missing value, which counts.
    values = common.tot_num_values
    total = column.values + values
    if column.mean is None or not numbers:
        return Column(total, None)
    added = feature.num_stats.mean * values
    return Column(total, (column.mean * column.values + added) / max(total, 1))


def differing(ours: Mapping[str, Column], theirs: Mapping[str, Column]) -> tuple[int, list[str]]:
    """How many columns both have, and those of them whose counts or means differ.

    A mean is compared where both read the column as a number.
    """
    shared = sorted(set(ours) & set(theirs))
    return len(shared), [name for name in shared if not _alike(ours[name], theirs[name])]


def _alike(one: Column, other: Column) -> bool:
    if one.mean is None or other.mean is None:
        return one.values == other.values
    return one.values == other.values and math.isclose(one.mean, other.mean, rel_tol=_CLOSE)


def _schema_columns(artifacts: pathlib.Path) -> int:
    (path,) = artifacts.glob("*/schema/*/schema.pbtxt")
    return len(text_format.Parse(path.read_text(encoding="utf-8"), schema_pb2.Schema()).feature)


def _accuracy(artifacts: pathlib.Path) -> float:
    import tensorflow_model_analysis as tfma

    (path,) = artifacts.glob("*/evaluation/*")
    metrics = tfma.load_eval_result(str(path)).get_metrics_for_slice()
    # The template leaves the name to TFMA, a spec calls it accuracy.
    value = metrics.get("accuracy") or metrics["binary_accuracy"]
    return float(value["doubleValue"])
