"""What is read of an evaluation."""

import pytest

from components.evaluator.verdict import Judged
from pipeline.history.past import read
from pipeline.report.charts.evaluation import charts
from pipeline.report.charts.thresholds import rates, scores
from pipeline.report.facts import evaluation
from pipeline.report.facts.plots import Bucket
from pipeline.report.facts.sources import Absent, outputs_of
from pipeline.spec import Spec
from tests.pipeline.report.outputs import (
    confusion,
    metrics,
    thresholds,
    write_evaluation,
    write_spec,
)


def judged(outcome, **slice_of):
    return Judged(
        metric="auc",
        columns=tuple(slice_of),
        slice=slice_of,
        bounds="value",
        outcome=outcome,
        sentence="",
    )


@pytest.fixture
def found(story):
    """What is read of slices and plots, for a label and rules."""

    def found(slices, plots=(), rules=(), **label):
        run = story.run()
        write_evaluation(story.output(run, "evaluation"), slices, plots)
        write_spec(story.runs / run, label={"column": "rare", "task": "binary", **label})
        past = read(story.runs / run, None)
        spec = Spec.model_validate_json(past.request.spec)
        read_ = evaluation.of_run(outputs_of(past), spec, rules)
        assert not isinstance(read_, Absent), read_
        return read_

    return found


def test_a_metric_has_its_baseline_and_what_is_no_number_is_unknown(found):
    overall = found([metrics({}, {"auc": 0.7, "recall": float("nan")}, auc=0.6)]).overall

    assert (overall.metrics["auc"].value, overall.metrics["auc"].baseline) == (0.7, 0.6)
    assert overall.metrics["recall"].value is None


def test_slices_that_break_a_rule_come_first_then_the_worse_and_last_those_not_judged(found):
    values = {"a": 0.9, "b": 0.5, "c": 0.6, "d": 0.1}
    rules = [judged("broken", island="a"), judged("too_few_rows", island="d")]

    slices = found(
        [
            metrics({}, {"auc": 0.7}),
            *(metrics({"island": k}, {"auc": v}) for k, v in values.items()),
        ],
        rules=rules,
    ).slices

    assert [each.key["island"] for each in slices] == ["a", "b", "c", "d"]
    assert [each.outcome for each in slices] == ["broken", None, None, "too_few_rows"]


def test_a_slice_of_few_rows_comes_after_those_whose_metrics_say_more(found):
    slices = found(
        [
            metrics({}, {"auc": 0.7}),
            metrics({"island": "lone"}, {"auc": 0.0, "example_count": 29}),
            metrics({"island": "good"}, {"auc": 0.9, "example_count": 30}),
            metrics({"island": "bad"}, {"auc": 0.5, "example_count": 30}),
        ]
    ).slices

    assert [each.key["island"] for each in slices] == ["bad", "good", "lone"]
    assert [each.has_few_rows for each in slices] == [False, False, True]


def test_slices_of_few_rows_are_drawn_only_where_there_are_no_others_or_a_rule_is_on_them(found):
    few, many = {"auc": 0.1, "example_count": 3}, {"auc": 0.5, "example_count": 50}
    named = [({"island": "few"}, few), ({"island": "ruled"}, few), ({"island": "many"}, many)]
    every = [metrics({}, many), *(metrics(key, values) for key, values in named)]

    with_rule = found(every, rules=[judged("holds", island="ruled")])

    assert drawn(with_rule) == ["island = many", "island = ruled"]
    assert drawn(found(every[:3])) == ["island = few", "island = ruled"]


def drawn(evaluation_):
    (chart,) = (each for each in charts(evaluation_) if each.name == "slices")
    return sorted(each["slice"] for each in chart.values)


def test_scores_are_spread_by_label_and_those_of_1_are_in_the_last_range():
    buckets = [Bucket(0.0, 0.05, 0.02, 0.25, 8), Bucket(0.95, 1.0, 0.97, 1.0, 1)]
    buckets.append(Bucket(1.0, 1.0, 1.0, 1.0, 1))  # TFMA's range of whatever is 1

    values = scores(buckets).values

    # 2 of 8 are positive at 0, and both at the other end: 2, 2 of 4; all 6 negatives are at 0
    shares = {(each["label"], each["score"]): each["share"] for each in values}
    assert (shares["positive", 0], shares["positive", 0.95]) == (0.5, 0.5)
    assert (shares["negative", 0], shares["negative", 0.95]) == (1, 0)


def test_of_errors_the_larger_are_the_worse(found):
    slices = [metrics({}, {"rmse": 2}), *(metrics({"a": f"{n}"}, {"rmse": n}) for n in (1, 3))]

    read_ = found(slices, task="regression")

    assert [each.key["a"] for each in read_.slices] == ["3", "1"]


def test_a_quantile_has_the_share_of_labels_that_it_covers(found):
    read_ = found(
        [metrics({}, {"pinball": 2, "coverage@0.9": 0.88, "coverage@0.5": 0.52})],
        task="quantile",
        quantiles=[0.5, 0.9],
    )

    assert read_.coverage == {0.5: 0.52, 0.9: 0.88}


def test_classes_have_their_names(found):
    read_ = found(
        [metrics({}, {"accuracy": 0.5})],
        [confusion({(0, 1): 3, (1, -1): 2})],
        task="multiclass",
        classes=["cat", "dog"],
    )

    assert [(each.actual, each.predicted, each.rows) for each in read_.confusion] == [
        ("cat", "dog", 3),
        ("dog", "none", 2),
    ]


def test_rates_follow_from_counts_and_are_unknown_of_no_rows(found):
    rows = [(-1e-7, 3, 1, 0, 0), (0.5, 0, 0, 1, 3)]

    lowest, highest = found([metrics({}, {"auc": 0.5})], [thresholds(rows)]).thresholds

    assert lowest.threshold == 0
    # 3 of 4 are right, all 3 are found, the 1 that is not is taken, too
    assert list(rates(lowest).values()) == [0.75, 1, 1, 0.75, 1]
    assert list(rates(highest).values()) == [None, 0, 0, 0.25, 0]
