"""The page that lists every key of the spec."""

import pathlib
import re

import pytest

from components.data_gate import config as gate
from components.example_gen import config as data
from modules import spec as learning
from pipeline import spec
from pipeline.metrics import METRICS

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "spec.md").read_text(encoding="utf-8")
TABLES = [
    spec.Spec,
    spec.Rule,
    spec.Evaluation,
    spec.Push,
    spec.Beam,
    data.Data,
    data.HashSplit,
    data.GroupSplit,
    data.TimeSplit,
    data.ColumnSplit,
    gate.Validation,
    gate.Allowed,
    learning.Label,
    learning.Numeric,
    learning.Bucketized,
    learning.Categorical,
    learning.Hashed,
    learning.Text,
    learning.Timestamp,
    learning.Preprocessing,
    learning.Tabular,
    learning.CustomModel,
    learning.Training,
]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_key_is_on_the_page(table):
    keys = {field.alias or name for name, field in table.model_fields.items()}

    assert {key for key in keys if not re.search(rf"\b{key}\b", PAGE)} == set()


def test_every_metric_is_on_the_page():
    names = {name for of_task in METRICS.values() for name in of_task}

    assert {name for name in names if f"`{name}`" not in PAGE} == set()
