"""The rows that stand for all that are judged."""

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from components.evaluator.sample import Sample
from components.evaluator.scoring import Answers, Scored
from modules.spec.label import Label
from modules.spec.learning import Interface

LATE = Interface(
    label=Label(column="late", task="binary"), columns={"carrier": "text", "gust": "number"}
)
ROW = st.tuples(
    st.sampled_from([None, "AA", "UA", "Z\u00fcrich"]),
    st.sampled_from([None, 0.0, -1.5, 22.0]),
    st.sampled_from([0, 1, -1]),
)


def scored(rows, weights=None):
    """Rows as they are read, lists of at most one value; the model says 0.5 of all."""
    carriers = [[] if carrier is None else [carrier.encode()] for carrier, _, _ in rows]
    gusts = [[] if gust is None else [gust] for _, gust, _ in rows]
    answers = Answers(
        np.array([late for _, _, late in rows], np.int64),
        np.full((len(rows), 1), 0.5, np.float32),
        None if weights is None else np.array(weights, np.float64),
    )
    columns = {
        "carrier": pa.array(carriers, pa.list_(pa.binary())),
        "gust": pa.array(gusts, pa.list_(pa.float32())),
    }
    return Scored(len(rows), {"candidate": answers}, {}, pa.record_batch(columns))


def sampled(batches, most=5):
    """What comes of batches, each by a worker of its own."""
    combine = Sample("candidate", LATE, most)
    parts = [combine.add_input(combine.create_accumulator(), each) for each in batches]
    return combine.extract_output(combine.merge_accumulators(parts))


def one_after_another(batches, most=5):
    """What comes of batches that one worker takes."""
    combine, kept = Sample("candidate", LATE, most), None
    for each in batches:
        kept = combine.add_input(kept, each)
    return kept


def told(found):
    """The rows of a sample and how often each was met."""
    if found is None:
        return None
    table = found.rows.features
    return list(
        zip(
            [carrier and carrier.decode() for carrier in table["carrier"].to_pylist()],
            table["gust"].to_pylist(),
            found.rows.answers.labels.tolist(),
            found.counts.tolist(),
            strict=True,
        )
    )


@given(rows=st.lists(ROW, max_size=30), cuts=st.sets(st.integers(1, 29)), seed=st.integers(0, 9))
def test_a_sample_does_not_depend_on_the_order_of_rows_and_how_they_are_cut(rows, cuts, seed):
    places = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
    shuffled = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]
    batches = [scored(shuffled[a:b]) for a, b in itertools.pairwise(places)]

    whole = told(sampled([scored(rows)]))

    assert told(sampled(batches)) == whole
    assert told(one_after_another(batches)) == whole


@given(st.lists(ROW, min_size=1, max_size=30))
def test_few_different_rows_are_all_kept_with_how_often_they_are_there(rows):
    known = [row for row in rows if row[2] >= 0]

    found = told(sampled([scored(rows)], most=100)) or []

    assert sorted(map(str, found)) == sorted(str((*row, known.count(row))) for row in set(known))


def test_every_row_is_as_likely_as_another():
    rows = [("AA", float(place), place % 2) for place in range(2_000)]

    gusts = sampled([scored(rows)], most=500).rows.features["gust"].to_numpy()

    # Of 500 of 2,000 rows, a half has 250 in expectation, with a standard deviation below
    # sqrt(500 / 4) = 11.2; four of them are 45. The rows are always the same.
    assert len(gusts) == 500
    assert abs((gusts < 1_000).sum() - 250) < 45


def test_what_is_drawn_is_there_as_often_as_in_the_data():
    found = sampled([scored([("AA", 1.0, 0)] * 90 + [("UA", 2.0, 1)] * 10)])

    drawn, all_of_them = found.draw(10), found.draw(1_000)

    assert sorted(drawn.answers.labels.tolist()) == [0] * 9 + [1]
    assert sorted(all_of_them.answers.labels.tolist()) == [0] * 90 + [1] * 10


def test_a_row_that_does_not_count_is_left_out():
    rows = [("AA", 1.0, 0), ("UA", 2.0, 1), ("UA", 3.0, -1)]

    assert told(sampled([scored(rows, weights=[0.0, 2.0, 1.0])])) == [("UA", 2.0, 1, 1)]
    assert sampled([scored(rows[2:])]) is None
    assert sampled([]) is None


def test_rows_of_another_weight_are_other_rows():
    found = sampled([scored([("AA", 1.0, 0)] * 3, weights=[1.0, 2.0, 2.0])])

    assert sorted(zip(found.rows.answers.weights, found.counts, strict=True)) == [(1, 1), (2, 2)]
