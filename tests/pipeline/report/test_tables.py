"""The tables of a report."""

import math

import pandas as pd
import pytest

from components.evaluator.verdict import Judged
from pipeline.report import tables
from pipeline.report.facts.column import Column
from pipeline.report.facts.data import Data, Feature
from pipeline.report.facts.distributions import Distance
from pipeline.report.facts.evaluation import Evaluation, Number, Slice
from pipeline.report.facts.wrong import Row

AUC = Number(value=0.75, interval=(0.7, 0.8), baseline=0.5, change=0.25)
UNKNOWN = Number(value=None, interval=None, baseline=None, change=None)
BROKEN = Judged(
    metric="auc",
    columns=("island",),
    slice={"island": "Dream"},
    bounds="value",
    outcome="broken",
    sentence="",
)


def evaluation(overall, *slices):
    return Evaluation(
        headline="auc",
        overall=overall,
        slices=list(slices),
        more_slices=0,
        thresholds=[],
        calibration=[],
        confusion=[],
        coverage={},
        constant={"auc": 0.5},
    )


def data(*features):
    return Data(
        rows={"train": 10, "eval": 4},
        features=list(features),
        findings=[],
        not_checked="",
        change="",
        earlier=None,
        without_drift="",
    )


def dtypes(frame):
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def test_a_metric_has_its_value_interval_baseline_and_change():
    found = evaluation(Slice({}, 16, {"auc": AUC, "recall": UNKNOWN}, []))

    frame = tables.metrics(found)

    assert frame.index.name == "metric"
    assert frame.loc["auc"].to_dict() == {
        "value": 0.75, "low": 0.7, "high": 0.8, "constant": 0.5, "baseline": 0.5, "change": 0.25,
    }  # fmt: skip
    assert frame.loc["recall"].isna().all()
    assert set(dtypes(frame).values()) == {"float64"}


def test_a_slice_has_its_rows_its_outcome_and_each_metric():
    dream = Slice({"island": "Dream"}, 10, {"auc": AUC}, [BROKEN])
    both = Slice({"island": "Biscoe", "sex": "f"}, None, {"recall": UNKNOWN}, [])

    frame = tables.slices(evaluation(None, dream, both))

    assert list(frame.index) == ["island = Dream", "island = Biscoe, sex = f"]
    assert frame["outcome"].to_list() == ["broken", "no rule"]
    assert frame.loc["island = Dream", ["rows", "auc"]].to_list() == [10, 0.75]
    assert frame.iloc[1][["rows", "auc", "recall"]].isna().all()
    assert dtypes(frame) == {
        "rows": "Int64", "outcome": "object", "auc": "float64", "recall": "float64",
    }  # fmt: skip


def test_a_column_has_a_row_a_split_with_its_distances():
    distance = Distance(l_infinity=0.4, jensen_shannon=0.147, psi=0.879)
    mass = Feature(
        name="mass",
        role="numeric",
        unit="g",
        splits={
            "train": Column(10, 0.5, numbers={"mean": 3.0, "std dev": 2.0, "zeros": 0.1}),
            "eval": Column(4, 0.25),
        },
        shifts={"eval": distance},
        drifts={"train": distance},
    )
    island = Feature("island", "categorical", None, {"train": Column(10, 0.0, distinct=3)}, {}, {})

    frame = tables.features(data(mass, island))

    assert frame.index.to_list() == [("mass", "train"), ("mass", "eval"), ("island", "train")]
    train = frame.loc[("mass", "train")]
    assert train[["role", "unit", "rows", "missing"]].to_list() == ["numeric", "g", 10, 0.5]
    assert train[["mean", "std_dev", "zeros"]].to_list() == [3.0, 2.0, 0.1]
    assert frame.filter(like="drift").loc[("mass", "train")].to_list() == [0.4, 0.147, 0.879]
    assert frame.filter(like="shift").loc[("mass", "eval")].to_list() == [0.4, 0.147, 0.879]
    assert frame.filter(like="shift").loc[("mass", "train")].isna().all()
    assert frame["distinct"].to_list() == [pd.NA, pd.NA, 3]
    assert frame.loc[("island", "train"), "unit"] is None
    kinds = dtypes(frame)
    assert [kinds.pop(name) for name in ("role", "unit", "rows", "distinct")] == [
        "object", "object", "int64", "Int64",
    ]  # fmt: skip
    assert set(kinds.values()) == {"float64"}


def test_a_row_that_is_wrong_has_its_columns_as_they_were_read():
    rows = [
        Row(loss=2.5, label=7.5, prediction=[10.0], row={"gust": 21.86, "label": "x"}),
        Row(loss=0.5, label=None, prediction=[0.5], row={"gust": None, "label": "y"}),
    ]

    frame = tables.wrong(rows)

    assert list(frame.columns) == ["loss", "label", "prediction", "gust", "label_read"]
    assert (frame["prediction"] - frame["label"])[0] == 2.5
    assert math.isnan(frame["gust"][1])
    assert list(dtypes(frame).values()) == ["float64"] * 4 + ["object"]


def test_several_numbers_of_a_prediction_are_a_list():
    frame = tables.wrong([Row(loss=1, label="cat", prediction=[0.25, 0.75], row={"gust": 1})])

    assert frame["prediction"][0] == [0.25, 0.75]
    assert frame["label"][0] == "cat"


@pytest.mark.parametrize(
    ("frame", "columns"),
    [
        (
            tables.metrics(evaluation(None)),
            ["value", "low", "high", "constant", "baseline", "change"],
        ),
        (tables.slices(evaluation(None)), ["rows", "outcome"]),
        (tables.features(data()).iloc[:, :4], ["role", "unit", "rows", "distinct"]),
        (tables.wrong([]), ["loss", "label", "prediction"]),
    ],
)
def test_where_there_is_nothing_a_table_has_its_columns(frame, columns):
    assert len(frame) == 0
    assert list(frame.columns) == columns
