"""What came out of a node, in one line and in figures, read from its artifacts."""

import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow_data_validation as tfdv
import tensorflow_model_analysis as tfma
import tensorflow_transform as tft
from tfx.utils import io_utils

from components.data_gate.artifacts import anomalies_by_split, statistics_by_split
from components.data_gate.component import REPORT_FILE
from components.example_gen.config import SPLITS
from components.example_gen.executor import REJECTS, ROWS_PROPERTY
from components.example_gen.findings import REJECTED
from modules.training import history
from pipeline.graph import BASELINE, WARM_START
from pipeline.local.result import Finished
from pipeline.verdict import broken_rules, overall_metrics

Outputs = Mapping[str, Sequence[Any]]


def outcome(node: str, component: str, outputs: Outputs) -> Finished:
    """The event for a node that ended well. Components without a line here say `done`."""
    describe = _DESCRIBE.get(component.rpartition(".")[2])
    return describe(node, outputs) if describe else Finished(node=node, summary="done")


def _examples(node: str, outputs: Outputs) -> Finished:
    rows = json.loads(outputs["examples"][0].get_string_custom_property(ROWS_PROPERTY))
    kept = [f"{rows[split]:,} {split}" for split in SPLITS if split in rows]
    left = [f"{count:,} {what}" for what, count in rows.items() if what not in SPLITS]
    text = f"rows: {', '.join(kept)}" + (f"; left out: {', '.join(left)}" if left else "")
    if REJECTED in rows:
        text += f" ({os.path.join(outputs['examples'][0].uri, REJECTS)})"
    return Finished(node=node, summary=text)


def _statistics(node: str, outputs: Outputs) -> Finished:
    splits = statistics_by_split(outputs["statistics"][0])
    columns = len(next(iter(splits.values())).features)
    return Finished(node=node, summary=f"{columns} columns, {len(splits)} splits")


def _schema(node: str, outputs: Outputs) -> Finished:
    path = io_utils.get_only_uri_in_dir(outputs["schema"][0].uri)
    columns = len(tfdv.load_schema_text(path).feature)
    origin = "curated" if node == "ImportSchemaGen" else "inferred from train"
    return Finished(node=node, summary=f"{columns} columns, {origin}")


def _anomalies(node: str, outputs: Outputs) -> Finished:
    splits = anomalies_by_split(outputs["anomalies"][0])
    count = sum(
        len(info.reason) for found in splits.values() for info in found.anomaly_info.values()
    )
    return Finished(node=node, summary=f"{count or 'no'} anomal{'y' if count == 1 else 'ies'}")


def _gate(node: str, outputs: Outputs) -> Finished:
    path = os.path.join(outputs["report"][0].uri, REPORT_FILE)
    found = json.loads(io_utils.read_string_file(path))
    allowed = f", {len(found)} findings allowed by the spec" if found else ""
    return Finished(node=node, summary=f"fit to learn from{allowed}")


def _transform(node: str, outputs: Outputs) -> Finished:
    graph = tft.TFTransformOutput(outputs["transform_graph"][0].uri)
    raw, made = len(graph.raw_metadata.schema.feature), len(graph.transformed_feature_spec())
    return Finished(node=node, summary=f"{raw} raw columns to {made} transformed")


def _trainer(node: str, outputs: Outputs) -> Finished:
    found = history.read(pathlib.Path(outputs["model_run"][0].uri))
    best = found["epochs"][found["best_epoch"] - 1]
    figures = ", ".join(
        f"{name} {value:.4g}"
        for name, value in best.items()
        if name.startswith("val_") and value is not None
    )
    restarts = len(found["restarts"])
    text = f"{found['steps_taken']:,} steps, best epoch {best['epoch']} of {len(found['epochs'])}"
    text += f", {restarts} restart{'s' if restarts != 1 else ''}" if restarts else ""
    return Finished(node=node, summary=f"{text}: {figures}")


def _baseline(node: str, outputs: Outputs) -> Finished:
    models = outputs.get("model") or []
    without = "weights start anew" if node == WARM_START else "changes are not judged"
    none = f"none blessed yet with these features and label: {without}"
    text = f"model {models[0].id}, the latest blessed" if models else none
    return Finished(node=node, summary=text, has_baseline=bool(models) and node == BASELINE)


def _evaluator(node: str, outputs: Outputs) -> Finished:
    uri = outputs["evaluation"][0].uri
    metrics, broken = overall_metrics(uri), broken_rules(tfma.load_validation_result(uri))
    figures = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    return Finished(
        node=node,
        summary=f"{figures}: {'not blessed' if broken else 'blessed'}",
        metrics=metrics,
        broken_rules=broken,
    )


def _pusher(node: str, outputs: Outputs) -> Finished:
    pushed = outputs["pushed_model"][0]
    where = pushed.get_string_custom_property("pushed_destination") or None
    return Finished(node=node, summary=where or "nothing pushed", pushed=where)


_DESCRIBE: dict[str, Callable[[str, Outputs], Finished]] = {
    "TableExampleGen": _examples,
    "StatisticsGen": _statistics,
    "SchemaGen": _schema,
    "ImportSchemaGen": _schema,
    "ExampleValidator": _anomalies,
    "DataGate": _gate,
    "Transform": _transform,
    "Trainer": _trainer,
    "Resolver": _baseline,
    "Evaluator": _evaluator,
    "Pusher": _pusher,
}
