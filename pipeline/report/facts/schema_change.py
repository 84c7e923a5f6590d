"""The change of a schema that would allow what was found in the data, where that is simple."""

import difflib
from collections.abc import Mapping, Sequence

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.data_gate.gate import Finding
from pipeline.report.facts.column import texts

_MOST_LINES = 200
_VALUES = 50  # unseen ones that are added

Splits = Mapping[str, statistics_pb2.DatasetFeatureStatistics]


def proposed(schema: schema_pb2.Schema, splits: Splits, findings: Sequence[Finding]) -> str:
    """A unified diff of the schema's text; empty if nothing can be proposed.

    Known: values that were not seen before, more missing values, numbers out of range. Whether
    these are right is for people to say.
    """
    changed = schema_pb2.Schema()
    changed.CopyFrom(schema)
    features = {each.name: each for each in changed.feature}
    for found in findings:
        feature = features.get(found.column or "")
        stats = _stats(splits, found)
        if feature is None or stats is None:
            continue
        match found.anomaly:
            case "unseen_values":
                _allow_values(changed, feature, list(texts(stats)))
            case "missing_values":
                _allow_missing(feature, stats)
            case "out_of_range":
                _widen(feature, stats)
    before, after = (
        text_format.MessageToString(each, as_utf8=True).splitlines() for each in (schema, changed)
    )
    lines = list(difflib.unified_diff(before, after, "schema.pbtxt", "schema.pbtxt", lineterm=""))
    more = len(lines) - _MOST_LINES
    return "\n".join(lines[:_MOST_LINES] + ([f"… {more} more lines"] if more > 0 else []))


def _stats(splits: Splits, found: Finding) -> statistics_pb2.FeatureNameStatistics | None:
    dataset = splits.get(found.split)
    return next(
        (
            each
            for each in (dataset.features if dataset else ())
            if found.column in (each.name, ".".join(each.path.step))
        ),
        None,
    )


def _allow_values(
    schema: schema_pb2.Schema, feature: schema_pb2.Feature, values: list[str]
) -> None:
    kind = feature.WhichOneof("domain_info")
    domain = feature.string_domain if kind == "string_domain" else None
    if kind == "domain":
        domain = next((each for each in schema.string_domain if each.name == feature.domain), None)
    if domain is not None:
        known = set(domain.value)
        domain.value.extend([each for each in values if each not in known][:_VALUES])


def _allow_missing(
    feature: schema_pb2.Feature, stats: statistics_pb2.FeatureNameStatistics
) -> None:
    common = getattr(stats, stats.WhichOneof("stats")).common_stats
    rows = common.num_missing + common.num_non_missing
    share = common.num_non_missing / rows if rows else 0.0
    if feature.presence.min_fraction > share:
        feature.presence.min_fraction = float(f"{share * 0.99:.3g}")  # some room below


def _widen(feature: schema_pb2.Feature, stats: statistics_pb2.FeatureNameStatistics) -> None:
    kind = feature.WhichOneof("domain_info")
    if kind not in ("int_domain", "float_domain"):
        return
    domain, number = getattr(feature, kind), int if kind == "int_domain" else float
    if domain.HasField("min") and stats.num_stats.min < domain.min:
        domain.min = number(stats.num_stats.min)
    if domain.HasField("max") and stats.num_stats.max > domain.max:
        domain.max = number(stats.num_stats.max)
