"""What StatisticsGen and ExampleValidator found in the data of a run, column by column."""

import dataclasses
import math
import pathlib
from collections.abc import Mapping

from google.protobuf import message, text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.data_gate.config import GateSettings
from components.data_gate.gate import Finding, judge
from components.example_gen.config import SPLITS
from modules.errors import InputProblem
from pipeline.history import statistics
from pipeline.history.statistics import Splits
from pipeline.report.facts import schema_change
from pipeline.report.facts.column import Column, distance_of, read_column
from pipeline.report.facts.distributions import Distance
from pipeline.report.facts.earlier import Earlier
from pipeline.report.facts.sources import Absent, Output, Outputs
from pipeline.spec import Spec

_ANOMALIES = "SchemaDiff.pb"  # by split: tfx/components/example_validator/executor.py
_SCHEMA = "schema.pbtxt"


@dataclasses.dataclass(frozen=True)
class Feature:
    """A column of the data."""

    name: str
    role: str  # its kind in the spec, `label`, or `carried`
    unit: str | None
    splits: dict[str, Column]  # by split
    shifts: dict[str, Distance]  # by split: how far it is from train
    drifts: dict[str, Distance]  # by split: how far it is from that split of an earlier run

    @property
    def shift(self) -> float:
        """How far it is from train in the last split."""
        return next((each.jensen_shannon for each in reversed(self.shifts.values())), -1.0)

    @property
    def drift(self) -> float:
        """The largest distance from an earlier run."""
        return max((each.jensen_shannon for each in self.drifts.values()), default=-1.0)


@dataclasses.dataclass(frozen=True)
class Data:
    """The data of a run."""

    rows: dict[str, int]  # by split
    features: list[Feature]
    findings: list[Finding]
    not_checked: str  # why there are no findings; empty if it was checked
    change: str  # of the schema that would allow what was found: a unified diff
    earlier: str | None  # the run that the data is compared with
    without_drift: str  # why it is compared with none


def of_run(outputs: Outputs, spec: Spec | None, earlier: Earlier | Absent) -> Data | Absent:
    """The data of a run, compared with that of another.

    Args:
        outputs: of the run.
        spec: of the run, if it can be read.
        earlier: the other, or why there is none.
    """
    found = outputs(Output.STATISTICS)
    if isinstance(found, Absent):
        return found
    splits = _in_order(statistics.splits(found))
    if not splits:
        return Absent(f"the statistics in {found} cannot be read")
    findings, not_checked, change = _findings(outputs, spec, splits)
    before = earlier if isinstance(earlier, Earlier) else None
    return Data(
        rows={name: int(each.num_examples) for name, each in splits.items()},
        features=_features(splits, before.splits if before else {}, spec),
        findings=findings,
        not_checked=not_checked,
        change=change,
        earlier=before.run if before else None,
        without_drift="" if isinstance(earlier, Earlier) else earlier.why,
    )


def _in_order(splits: Splits) -> Splits:
    """Train first, eval last."""
    return {name: splits[name] for name in sorted(splits, key=_place)}


def _place(split: str) -> tuple[int, str]:
    return (SPLITS.index(split) if split in SPLITS else len(SPLITS)), split


def _features(splits: Splits, before: Splits, spec: Spec | None) -> list[Feature]:
    """The columns, those first that differ most from an earlier run, or else from train."""
    now, old = _by_column(splits), _by_column(before)
    found = []
    for name, of_splits in now.items():
        train = of_splits.get("train")
        others = {split: each for split, each in of_splits.items() if split != "train"}
        role, unit = _role(spec, name)
        found.append(
            Feature(
                name=name,
                role=role,
                unit=unit,
                splits={split: read_column(each) for split, each in of_splits.items()},
                shifts=_distances({split: (train, each) for split, each in others.items()}),
                drifts=_distances(
                    {
                        split: (old.get(name, {}).get(split), each)
                        for split, each in of_splits.items()
                    }
                ),
            )
        )
    return sorted(found, key=lambda each: (-each.drift, -each.shift, each.name))


def _distances(
    pairs: Mapping[
        str,
        tuple[statistics_pb2.FeatureNameStatistics | None, statistics_pb2.FeatureNameStatistics],
    ],
) -> dict[str, Distance]:
    found = {split: distance_of(old, new) for split, (old, new) in pairs.items() if old}
    return {split: each for split, each in found.items() if each and math.isfinite(each.psi)}


def _by_column(splits: Splits) -> dict[str, dict[str, statistics_pb2.FeatureNameStatistics]]:
    found: dict[str, dict[str, statistics_pb2.FeatureNameStatistics]] = {}
    for split, dataset in splits.items():
        for each in dataset.features:
            found.setdefault(each.name or ".".join(each.path.step), {})[split] = each
    return found


def _role(spec: Spec | None, name: str) -> tuple[str, str | None]:
    """What a column is in the spec, and the unit of its numbers."""
    if spec is None:
        return "", None
    if name == spec.label.column:
        return "label", spec.label.unit
    feature = spec.features.get(name)
    return (feature.kind, getattr(feature, "unit", None)) if feature else ("carried", None)


def _findings(
    outputs: Outputs, spec: Spec | None, splits: Splits
) -> tuple[list[Finding], str, str]:
    """What the gate says of the data, why it says nothing, and a change of the schema."""
    if spec is None:
        return [], "the spec of this run cannot be read", ""
    folder = outputs(Output.ANOMALIES)
    if isinstance(folder, Absent):
        return [], folder.why, ""
    anomalies = {split: _anomalies(folder, split) for split in splits}
    settings = GateSettings(
        label=spec.label,
        features=tuple(spec.features),
        columns=tuple(spec.columns()),
        validation=spec.validation,
    )
    try:
        found = judge(dict(splits), anomalies, settings)
    except (InputProblem, KeyError, TypeError) as error:  # statistics of another program
        return [], f"the statistics cannot be judged: {error}", ""
    schema = _schema(outputs)
    change = schema_change.proposed(schema, splits, found) if schema else ""
    return found, "", change


def _anomalies(folder: pathlib.Path, split: str) -> anomalies_pb2.Anomalies:
    found = anomalies_pb2.Anomalies()
    try:
        found.ParseFromString((folder / f"Split-{split}" / _ANOMALIES).read_bytes())
    except (OSError, message.DecodeError):
        return anomalies_pb2.Anomalies()
    return found


def _schema(outputs: Outputs) -> schema_pb2.Schema | None:
    folder = outputs(Output.SCHEMA)
    if isinstance(folder, Absent):
        return None
    try:
        text = (folder / _SCHEMA).read_text(encoding="utf-8")
        found: schema_pb2.Schema = text_format.Parse(text, schema_pb2.Schema())
    except (OSError, UnicodeDecodeError, text_format.ParseError):
        return None
    return found
