"""The change of a schema that is proposed."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.gate import Finding
from pipeline.report.facts.schema_change import proposed
from tests.pipeline.report.outputs import dataset, number_column, text_column

SCHEMA = text_format.Parse(
    """
    feature { name: "island" type: BYTES domain: "island" presence { min_fraction: 1 } }
    feature { name: "mass" type: FLOAT float_domain { min: 2 max: 6 } }
    string_domain { name: "island" value: "Biscoe" value: "Dream" }
    """,
    schema_pb2.Schema(),
)


@pytest.fixture
def splits():
    found = dataset(10)
    text_column(found, "island", {"Dream": 6, "Torgersen": 2})
    found.features[0].string_stats.common_stats.num_missing = 2
    number_column(found, "mass", [(1, 3, 5), (3, 7, 5)])
    return {"train": found}


def changed(splits, column, anomaly):
    finding = Finding(split="train", column=column, anomaly=anomaly, sentence="", allowed=False)
    lines = proposed(SCHEMA, splits, [finding]).splitlines()
    return [line.replace(" ", "") for line in lines if line[:2] in ("+ ", "- ")]


def test_values_that_were_not_seen_before_are_added(splits):
    assert changed(splits, "island", "unseen_values") == ['+value:"Torgersen"']


def test_more_missing_values_are_allowed_with_some_room(splits):
    # 8 of 10 rows have a value, and 0.99 of that is asked for
    assert changed(splits, "island", "missing_values") == [
        "-min_fraction:1.0",
        "+min_fraction:0.792",
    ]


def test_a_range_becomes_wide_enough(splits):
    assert changed(splits, "mass", "out_of_range") == [
        "-min:2.0",
        "-max:6.0",
        "+min:1.0",
        "+max:7.0",
    ]


def test_for_what_is_not_simple_nothing_is_proposed(splits):
    assert changed(splits, "island", "wrong_type") == []
    assert changed(splits, "unknown", "unseen_values") == []
