"""Whether data is fit to learn from, told from its statistics and anomalies alone."""

from collections.abc import Iterator
from typing import Any, Literal

from components.data_gate.config import ANOMALIES, GateSettings, word_for
from modules.spec.label import Label
from modules.spec.part import Part


class Finding(Part):
    """One thing noticed about a split."""

    split: str
    column: str | None  # None: about the split as a whole
    anomaly: str  # one of the spec's words, or too_few_rows, no_values, one_class
    sentence: str
    allowed: bool


def judge(
    statistics: dict[str, Any], anomalies: dict[str, Any], settings: GateSettings
) -> list[Finding]:
    """Everything noticed, split by split; a run may go on when all of it is allowed.

    Args:
        statistics: by split, its DatasetFeatureStatistics.
        anomalies: by split, the Anomalies that ExampleValidator found.
    """
    found: list[Finding] = []
    for split, of_split in statistics.items():
        found += _of_rows(split, of_split, settings)
        found += _of_label(split, of_split, settings.label)
    found += _of_empty_columns(statistics.get("train"), settings)
    for split, of_split in anomalies.items():
        found += _of_schema(split, of_split, settings)
        found += _of_dataset(split, of_split)
    return found


def _of_rows(split: str, statistics: Any, settings: GateSettings) -> Iterator[Finding]:
    count, least = statistics.num_examples, settings.validation.min_rows
    if count < least:
        yield Finding(
            split=split,
            column=None,
            anomaly="too_few_rows",
            sentence=f"{count} rows, expected at least {least}. Add data, give the split a larger "
            f"share, or lower validation.min_rows",
            allowed=False,
        )


def _of_label(split: str, statistics: Any, label: Label) -> Iterator[Finding]:
    column = _columns(statistics).get(label.column)
    if column is None:
        return
    if label.is_number:
        numbers = column.num_stats
        constant = f"{numbers.min:g}" if numbers.min == numbers.max else None
    else:
        buckets = column.string_stats.rank_histogram.buckets
        constant = repr(buckets[0].label) if len(buckets) == 1 else None
    if constant is not None:
        yield Finding(
            split=split,
            column=label.column,
            anomaly="one_class",
            sentence=f"the label is {constant} in every row, expected at least 2 values: there is "
            f"nothing to tell apart. Change the split, or the label",
            allowed=False,
        )


def _of_empty_columns(train: Any, settings: GateSettings) -> Iterator[Finding]:
    columns = _columns(train) if train is not None else {}
    for name in settings.features:
        if name in columns and _common(columns[name]).num_non_missing == 0:
            yield Finding(
                split="train",
                column=name,
                anomaly="no_values",
                sentence="has no value in any row, so nothing can be learned from it. Remove the "
                "feature and add the column to data.ignore",
                allowed=False,
            )


def _of_schema(split: str, anomalies: Any, settings: GateSettings) -> Iterator[Finding]:
    for name, info in sorted(anomalies.anomaly_info.items()):
        column = ".".join(info.path.step) or name
        for reason in info.reason:
            word = word_for(info.Type.Name(reason.type))
            if word == "missing_column" and column not in settings.columns:
                continue
            allowed = any(
                rule.anomaly == word and rule.feature in (None, column)
                for rule in settings.validation.allow
            )
            description = reason.description or reason.short_description  # the first may be empty
            yield Finding(
                split=split,
                column=column,
                anomaly=word,
                sentence=f"{word}: {description.strip().rstrip('.')}",
                allowed=allowed,
            )


def _of_dataset(split: str, anomalies: Any) -> Iterator[Finding]:
    """What a curated schema's dataset_constraints say of the split as a whole."""
    for reason in anomalies.dataset_anomaly_info.reason:
        sentence = reason.description.strip() or reason.short_description
        yield Finding(split=split, column=None, anomaly="dataset", sentence=sentence, allowed=False)


def refusals(found: list[Finding]) -> list[str]:
    """A sentence for each finding that stops the run, and one that says how to allow them."""
    stops = [finding for finding in found if not finding.allowed]
    sentences = [
        f"split {finding.split}"
        + (f", column {finding.column!r}" if finding.column else "")
        + f": {finding.sentence}"
        for finding in stops
    ]
    rules = dict.fromkeys(
        f"{{ anomaly = {finding.anomaly!r}, feature = {finding.column!r} }}"
        for finding in stops
        if finding.anomaly in ANOMALIES
    )
    if rules:
        sentences.append(
            "Correct the data or the schema; or, where it is harmless, say so in the spec: "
            f"[validation] allow = [{', '.join(rules)}]"
        )
    return sentences


def _columns(statistics: Any) -> dict[str, Any]:
    return {".".join(column.path.step) or column.name: column for column in statistics.features}


def _common(column: Any) -> Any:
    kind: Literal["num_stats", "string_stats", "bytes_stats", "struct_stats"]
    kind = column.WhichOneof("stats")
    return getattr(column, kind).common_stats
