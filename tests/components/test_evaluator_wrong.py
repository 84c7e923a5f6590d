"""The rows that a model is most wrong about."""

import json
import math

import numpy as np
import pyarrow as pa
import pytest

from components.evaluator import wrong
from components.evaluator.config import WRONG
from components.evaluator.scoring import Answers, Scored
from components.evaluator.wrong import Worst, losses
from modules.spec.label import Label

LATE = Label(column="late", task="binary")


def answers(labels, predictions):
    predictions = np.array(predictions, np.float32)
    return Answers(np.array(labels), predictions.reshape(len(labels), -1))


def scored(labels, predictions, carriers):
    """A batch as it is read: lists of at most one value."""
    columns = {
        "late": pa.array([[str(label).encode()] for label in labels]),
        "carrier": pa.array([[] if name is None else [name.encode()] for name in carriers]),
        "gust": pa.array([[math.nan]] * len(labels), pa.list_(pa.float32())),
    }
    return Scored(
        rows=len(labels),
        models={"candidate": answers(labels, predictions)},
        columns={},
        batch=pa.record_batch(columns),
    )


def worst(*batches):
    """What comes of batches that come to several workers."""
    combine = Worst("candidate", LATE, ["carrier", "gust"])
    parts = [combine.add_input(combine.create_accumulator(), batch) for batch in batches]
    lines = combine.extract_output(combine.merge_accumulators(parts))
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    ("label", "given", "expected"),
    [
        # -log of the right class: 1 - 0.9, 0.9; a label of no class is not known
        (LATE, answers([0, 1, -1], [0.9, 0.9, 0.5]), [-math.log(0.1), -math.log(0.9), math.nan]),
        (
            Label(column="y", task="multiclass", classes=("a", "b")),
            answers([1, 0], [[0.75, 0.25], [1.0, 0.0]]),
            [-math.log(0.25), 0],
        ),
        (
            Label(column="y", task="regression"),
            answers([3.0, math.nan], [[1.0], [1.0]]),
            [2, math.nan],
        ),
        # errors of 0.1: 2, of 0.9: -2; costs 0.1 * 2 and 0.1 * 2
        (
            Label(column="y", task="quantile", quantiles=(0.1, 0.9)),
            answers([3.0], [[1.0, 5.0]]),
            [0.2],
        ),
    ],
    ids=["binary", "multiclass", "regression", "quantile"],
)
def test_how_wrong_an_answer_is(label, given, expected):
    assert losses(label, given) == pytest.approx(np.array(expected), rel=1e-5, nan_ok=True)


def test_of_a_long_text_the_beginning_is_kept():
    (row,) = worst(scored([1], [0.5], ["\u00fc" * 3_000]))

    assert row["row"]["carrier"] == "\u00fc" * 1_999 + "\u2026"


def test_the_worst_rows_come_first_as_they_were_read():
    found = worst(
        scored([0, 1], [0.9, 0.9], ["UA", "AA"]), scored([1, 0], [0.05, 0.5], ["Z\u00fcrich", None])
    )

    assert [row["row"]["carrier"] for row in found] == ["Z\u00fcrich", "UA", None, "AA"]
    assert found[0]["loss"] == pytest.approx(-math.log(0.05), rel=1e-6)
    assert (found[0]["label"], found[0]["prediction"]) == ("1", [pytest.approx(0.05)])
    assert found[0]["row"]["gust"] is None  # NaN is no JSON


def test_a_row_whose_label_is_not_known_is_not_wrong():
    assert [row["label"] for row in worst(scored([-1, 1], [0.9, 0.9], ["UA", "AA"]))] == ["1"]


def test_only_the_worst_are_kept_whatever_the_order_of_batches():
    random = np.random.default_rng(1)
    batches = [
        scored(random.integers(0, 2, 40).tolist(), random.random(40).tolist(), ["UA"] * 40)
        for _ in range(5)
    ]

    found = worst(*batches)

    every = np.concatenate([losses(LATE, batch.models["candidate"]) for batch in batches])
    assert [row["loss"] for row in found] == np.sort(every)[::-1][: wrong.ROWS].tolist()
    assert worst(*reversed(batches)) == found


def test_no_rows_have_no_worst(tmp_path):
    assert worst() == []

    wrong.write([], str(tmp_path / WRONG))

    assert (tmp_path / WRONG).read_text() == ""
