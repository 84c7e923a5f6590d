"""What came out of a node, in one line and in figures, read from its artifacts."""

import json
import math
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow_data_validation as tfdv
import tensorflow_transform as tft
from tfx.dsl.io import fileio
from tfx.utils import io_utils

from components.converter.report import Report
from components.data_gate.artifacts import anomalies_by_split, statistics_by_split
from components.data_gate.component import REPORT_FILE
from components.evaluator.judging import judge
from components.evaluator.verdict import Verdict
from components.example_gen.config import SPLITS
from components.example_gen.executor import REJECTS, ROWS_PROPERTY
from components.example_gen.findings import REJECTED
from components.serving_validator.found import Report as Served
from modules.training import history
from pipeline.graph import WARM_START
from pipeline.local.result import Finished
from pipeline.metrics import METRICS

Outputs = Mapping[str, Sequence[Any]]


def outcome(node: str, component: str, outputs: Outputs, said: Sequence[str] = ()) -> Finished:
    """The event for a node that ended well. Components without a line here say `done`.

    Args:
        node: its id.
        component: its type.
        outputs: the artifacts that it made, or found.
        said: the messages of its progress: a Resolver has no output to write a reason to.
    """
    kind = component.rpartition(".")[2]
    if kind == "Resolver":
        return _baseline(node, outputs, said)
    describe = _DESCRIBE.get(kind)
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


def _baseline(node: str, outputs: Outputs, said: Sequence[str]) -> Finished:
    models = outputs.get("model") or []
    if models:
        found = f"model {models[0].id}, the latest blessed"
    else:
        without = "weights start anew" if node == WARM_START else "changes are not judged"
        found = f"none blessed yet with these features and label: {without}"
    return Finished(node=node, summary="; ".join([found, *said[-1:]]))


def _evaluator(node: str, outputs: Outputs) -> Finished:
    verdict = _verdict(outputs)
    order = [name for of_task in METRICS.values() for name in of_task]
    order += [name for name in verdict.metrics if name not in order]
    found = {name: verdict.metrics[name] for name in order if name in verdict.metrics}
    metrics = {name: math.nan if value is None else value for name, value in found.items()}
    figures = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    return Finished(
        node=node,
        summary=f"{figures}: {'blessed' if verdict.blessed else 'not blessed'}",
        metrics=metrics,
        rules=list(verdict.rules),
        broken_rules=[] if verdict.blessed else verdict.broken,
        sentence=verdict.sentence,
    )


def _verdict(outputs: Outputs) -> Verdict:
    path = os.path.join(outputs["blessing"][0].uri, Verdict.FILE)
    if fileio.exists(path):
        return Verdict.model_validate_json(io_utils.read_string_file(path))
    return judge(outputs["evaluation"][0].uri)  # TFX's own Evaluator says no more than its metrics


def _serving(node: str, outputs: Outputs) -> Finished:
    path = os.path.join(outputs["blessing"][0].uri, Served.FILE)
    found = Served.model_validate_json(io_utils.read_string_file(path))
    return Finished(node=node, summary=found.summary(), broken_rules=found.reasons)


def _pusher(node: str, outputs: Outputs) -> Finished:
    pushed = outputs["pushed_model"][0]
    where = pushed.get_string_custom_property("pushed_destination") or None
    return Finished(node=node, summary=where or "nothing pushed", pushed=where)


def _converter(node: str, outputs: Outputs) -> Finished:
    uri = outputs["formats"][0].uri
    path = os.path.join(uri, Report.FILE)
    made = Report.model_validate_json(io_utils.read_string_file(path)).formats
    sizes = [
        f"{one.format} {one.figures.bytes / 1000:,.0f} kB"
        for one in made
        if one.figures is not None
    ]
    broken = [one.says for one in made if not one.holds]
    state = f"{len(broken)} of {len(made)} broken" if broken else "within bounds"
    return Finished(
        node=node, summary=f"{', '.join(sizes) or 'none'}: {state} ({uri})", broken_rules=broken
    )


_DESCRIBE: dict[str, Callable[[str, Outputs], Finished]] = {
    "TableExampleGen": _examples,
    "StatisticsGen": _statistics,
    "SchemaGen": _schema,
    "ImportSchemaGen": _schema,
    "ExampleValidator": _anomalies,
    "DataGate": _gate,
    "Transform": _transform,
    "Trainer": _trainer,
    "Evaluator": _evaluator,
    "ServingValidator": _serving,
    "Pusher": _pusher,
    "Converter": _converter,
}
