"""What stops a run before training, told from real statistics of a few rows."""

import json
from typing import Any

import pytest
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2
from tfx.types import standard_artifacts
from tfx.types.artifact_utils import encode_split_names
from tfx.utils import io_utils
from tfx_bsl.coders import example_coder

from components.data_gate.artifacts import anomalies_by_split, statistics_by_split
from components.data_gate.config import GateSettings, word_for
from components.data_gate.gate import Finding, judge, refusals

BINARY = {"column": "late", "task": "binary"}
ROWS: list[dict[str, Any]] = [
    {"late": "0", "miles": 1.0, "carrier": "UA"},
    {"late": "1", "miles": 2.0, "carrier": "AA"},
    {"late": "1", "miles": None, "carrier": "AA"},
]


@pytest.fixture
def statistics(serialized):
    """The DatasetFeatureStatistics of rows, as TFX's StatisticsGen makes them."""

    def statistics(rows):
        batch = example_coder.ExamplesToRecordBatchDecoder().DecodeBatch(
            [serialized(row) for row in rows]
        )
        return stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())

    return statistics


@pytest.fixture
def findings(statistics):
    """What the gate finds in splits, the schema being inferred from train."""

    def findings(splits, label=BINARY, features=("miles", "carrier"), change=None, **validation):
        lists = {name: statistics(rows) for name, rows in splits.items()}
        schema = tfdv.infer_schema(lists["train"], infer_feature_shape=False)
        if change:
            change(schema)
        settings = GateSettings.model_validate(
            {
                "label": label,
                "features": features,
                "columns": ["late", *features],
                "validation": {"min_rows": 1, **validation},
            }
        )
        return judge(
            {name: found.datasets[0] for name, found in lists.items()},
            {name: tfdv.validate_statistics(found, schema) for name, found in lists.items()},
            settings,
        )

    return findings


def test_rows_like_those_of_train_are_fit_to_learn_from(findings):
    assert findings({"train": ROWS, "eval": ROWS[:2]}) == []


def test_too_few_rows_of_any_split_stop_the_run(findings):
    found = findings({"train": ROWS, "eval": ROWS[:2]}, min_rows=3)

    assert refusals(found) == [
        "split eval: 2 rows, expected at least 3. Add data, give the split a larger share, or "
        "lower validation.min_rows"
    ]


@pytest.mark.parametrize(
    ("label", "rows", "value"),
    [
        (BINARY, [{**row, "late": "1"} for row in ROWS], "'1'"),
        ({"column": "late", "task": "regression"}, [{**row, "late": 2.5} for row in ROWS], "2.5"),
    ],
    ids=["binary", "regression"],
)
def test_a_label_that_is_always_the_same_stops_the_run(findings, label, rows, value):
    found = findings({"train": rows}, label)

    assert refusals(found) == [
        f"split train, column 'late': the label is {value} in every row, expected at least 2 "
        "values: there is nothing to tell apart. Change the split, or the label"
    ]


@pytest.mark.parametrize("label", [1.0, 2.0])
def test_a_regression_label_that_varies_is_fine(findings, label):
    rows = [{**row, "late": place * label} for place, row in enumerate(ROWS)]

    assert findings({"train": rows}, {"column": "late", "task": "regression"}) == []


def test_a_feature_without_any_value_in_train_stops_the_run(findings):
    rows = [{**row, "miles": None} for row in ROWS]

    found = findings({"train": rows, "eval": rows})

    assert refusals(found) == [
        "split train, column 'miles': has no value in any row, so nothing can be learned from "
        "it. Remove the feature and add the column to data.ignore"
    ]


def test_a_column_without_values_that_is_no_feature_is_fine(findings):
    rows = [{**row, "comment": None} for row in ROWS]

    assert findings({"train": rows}) == []


def test_a_category_that_train_lacks_is_told_with_the_rule_that_allows_it(findings):
    found = findings({"train": ROWS, "eval": [{**ROWS[0], "carrier": "B6"}, ROWS[1]]})

    assert refusals(found) == [
        "split eval, column 'carrier': unseen_values: Examples contain values missing from the "
        "schema: B6 (~50%)",
        "Correct the data or the schema; or, where it is harmless, say so in the spec: "
        "[validation] allow = [{ anomaly = 'unseen_values', feature = 'carrier' }]",
    ]


def test_a_value_that_is_neither_of_two_is_unseen_as_well(findings):
    # TFDV takes a column of "0" and "1" for one of truth values.
    rows = [{**row, "carrier": str(place % 2)} for place, row in enumerate(ROWS)]

    found = findings({"train": rows, "eval": [{**rows[0], "carrier": "2"}, rows[1]]})

    assert [(each.column, each.anomaly) for each in found] == [("carrier", "unseen_values")]


def test_a_value_that_train_always_has_and_eval_lacks_is_told(findings):
    found = findings({"train": ROWS, "eval": [{**ROWS[0], "carrier": None}, *ROWS[1:]]})

    assert [(each.split, each.column, each.anomaly) for each in found] == [
        ("eval", "carrier", "missing_values")
    ]
    assert found[0].sentence.startswith("missing_values: ")
    assert len(found[0].sentence) > len("missing_values: ")


def test_every_problem_of_a_column_is_told(findings):
    rows = [{**ROWS[0], "carrier": "B6"}, {**ROWS[1], "carrier": None}] * 2

    found = findings({"train": ROWS, "eval": rows})

    assert [each.anomaly for each in found] == ["missing_values", "unseen_values"]
    assert all(each.column == "carrier" for each in found)


@pytest.mark.parametrize(
    ("rows", "anomaly"),
    [
        ([{**row, "carrier": 1.0} for row in ROWS], "wrong_type"),
        ([{**row, "new": "a"} for row in ROWS], "new_column"),
        ([{name: row[name] for name in ("late", "miles")} for row in ROWS], "missing_column"),
        ([{**row, "miles": 99.0} for row in ROWS], "out_of_range"),
    ],
    ids=["wrong type", "new column", "missing column", "out of range"],
)
def test_an_anomaly_goes_by_the_word_of_the_spec(findings, rows, anomaly):
    def limit(schema):
        domain = schema_pb2.FloatDomain(min=0, max=10)
        tfdv.set_domain(schema, "miles", domain)

    found = findings({"train": ROWS, "eval": rows}, change=limit)

    assert [each.anomaly for each in found] == [anomaly]


def test_every_word_is_for_a_type_that_tfdv_has():
    types = anomalies_pb2.AnomalyInfo.Type.keys()

    words = {word_for(name) for name in types}

    assert "drift" in words
    assert word_for("SEMANTIC_DOMAIN_UPDATE") == "other"
    # A type that TFDV renames would fall to `other` unnoticed.
    assert sum(word_for(name) != "other" for name in types) == 14


UNSEEN = {
    "train": ROWS,
    "valid": [{**ROWS[0], "carrier": "B6"}, ROWS[1]],
    "eval": [{**ROWS[0], "carrier": "DL"}, ROWS[1]],
}


@pytest.mark.parametrize(
    "rule",
    [
        {"anomaly": "unseen_values"},
        {"anomaly": "unseen_values", "feature": "carrier"},
    ],
)
def test_what_the_spec_allows_is_told_and_stops_nothing(findings, rule):
    found = findings(UNSEEN, allow=[rule])

    assert [(each.split, each.allowed) for each in found] == [("valid", True), ("eval", True)]
    assert refusals(found) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"anomaly": "unseen_values", "feature": "miles"},
        {"anomaly": "missing_values"},
    ],
)
def test_a_rule_allows_no_other_anomaly_and_no_other_feature(findings, rule):
    assert not any(each.allowed for each in findings(UNSEEN, allow=[rule]))


def test_the_rule_that_allows_two_refusals_is_offered_once(findings):
    said = refusals(findings(UNSEEN))

    assert len(said) == 3
    assert said[-1].count("carrier") == 1


def test_a_label_that_is_always_the_same_cannot_be_allowed():
    stop = Finding(split="train", column="late", anomaly="one_class", sentence="no.", allowed=False)

    assert refusals([stop]) == ["split train, column 'late': no."]


def test_a_column_with_dots_and_spaces_keeps_its_name(findings):
    rows = [{**row, "a.b c": row["carrier"]} for row in ROWS]

    found = findings({"train": rows, "eval": [{**rows[0], "a.b c": "z"}, rows[1]]})

    assert [each.column for each in found] == ["a.b c"]


def test_what_tfx_wrote_is_read_back_by_split(tmp_path, statistics):
    found = statistics(ROWS)
    schema = tfdv.infer_schema(statistics(ROWS[:1]), infer_feature_shape=False)
    artifacts = []
    for kind, name, proto in (
        (standard_artifacts.ExampleStatistics, "FeatureStats.pb", found),
        (
            standard_artifacts.ExampleAnomalies,
            "SchemaDiff.pb",
            tfdv.validate_statistics(found, schema),
        ),
    ):
        artifact = kind()
        artifact.uri = str(tmp_path / name)
        artifact.split_names = encode_split_names(["train"])
        io_utils.write_bytes_file(f"{artifact.uri}/Split-train/{name}", proto.SerializeToString())
        artifacts.append(artifact)

    by_split, anomalies = statistics_by_split(artifacts[0]), anomalies_by_split(artifacts[1])

    assert by_split["train"].num_examples == 3
    # The schema knows one row only: one carrier, one class, and miles that are never missing.
    assert set(anomalies["train"].anomaly_info) == {"carrier", "late", "miles"}


def test_findings_are_json(findings):
    found = findings(UNSEEN)

    text = json.dumps([each.model_dump() for each in found])

    assert [Finding.model_validate(each) for each in json.loads(text)] == found


def test_a_split_that_breaks_the_schemas_dataset_constraints_stops_the_run(findings):
    def at_least_five(schema):
        schema.dataset_constraints.min_examples_count = 5

    found = findings({"train": ROWS}, change=at_least_five)

    (said,) = refusals(found)
    assert said.startswith("split train: The dataset has 3 examples")


def test_a_schema_may_know_columns_that_the_spec_does_not_read(findings):
    def with_more(schema):
        for name in ("carrier", "seats"):
            feature = next((f for f in schema.feature if f.name == name), None)
            feature = feature or schema.feature.add(name=name)
            feature.presence.min_count = 1

    without = [{"late": row["late"], "miles": row["miles"]} for row in ROWS]

    read = findings({"train": ROWS, "eval": without}, change=with_more)
    left_out = findings({"train": ROWS, "eval": without}, features=["miles"], change=with_more)

    assert [(f.split, f.column, f.anomaly) for f in read] == [("eval", "carrier", "missing_column")]
    assert left_out == []
