"""The pages that list every key of the spec."""

import pathlib
import re

import pytest

from pipeline.metrics import METRICS
from pipeline.spec import Spec

DOCS = pathlib.Path(__file__).parents[2] / "docs"
PAGES = ("spec.md", "training.md", "kubeflow.md")
PAGE = "".join((DOCS / name).read_text(encoding="utf-8") for name in PAGES)
SCHEMA = Spec.model_json_schema(by_alias=True)
TABLES = {"Spec": SCHEMA, **SCHEMA["$defs"]}


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_on_a_page(table):
    keys = set(TABLES[table].get("properties", ()))

    assert {key for key in keys if not re.search(rf"\b{key}\b", PAGE)} == set()


def test_every_metric_is_on_a_page():
    names = {name for of_task in METRICS.values() for name in of_task}

    assert {name for name in names if f"`{name}`" not in PAGE} == set()
