"""The verdict: every rule on every slice, by TFMA's own rules, and one sentence."""

import math

import keras  # noqa: F401  before TFMA, which else turns tf.keras into Keras 2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_model_analysis.api.types import ValueWithTDistribution
from tensorflow_model_analysis.metrics.metric_types import MetricKey
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import config_util
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer as writer

from components.evaluator.judging import judge
from components.evaluator.results import write
from components.evaluator.verdict import Verdict

NAN = float("nan")
UP, DOWN = config_pb2.MetricDirection.HIGHER_IS_BETTER, config_pb2.MetricDirection.LOWER_IS_BETTER
COUNT = config_pb2.MetricConfig(
    class_name="ExampleCount",
    threshold={"value_threshold": {"lower_bound": {"value": 1}}},
)
UNITED = (("carrier", b"UA"), ("origin", "Z\u00fcrich".encode()))


def value(**bounds):
    """A bound on a value: `lower_bound`, `upper_bound`."""
    bounds = {key: {"value": bound} for key, bound in bounds.items()}
    return config_pb2.MetricThreshold(value_threshold=bounds)


def change(direction, **limit):
    limit = {key: {"value": bound} for key, bound in limit.items()}
    return config_pb2.MetricThreshold(change_threshold={"direction": direction, **limit})


def config(*rules, least=0):
    """Rules on AUC: a threshold, and the columns of the slices that it is about."""
    auc = config_pb2.MetricConfig(
        class_name="AUC",
        config='{"name": "auc"}',
        per_slice_thresholds=[
            {"slicing_specs": [{"feature_keys": columns}], "threshold": threshold}
            for threshold, columns in rules
        ],
    )
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec()],
        slicing_specs=[{"feature_keys": columns} for columns in [[], *(c for _, c in rules)]],
        metrics_specs=[config_pb2.MetricsSpec(metrics=[COUNT, auc])],
        options={"min_slice_size": {"value": least}},
    )


@pytest.fixture(scope="module")
def verdict(tmp_path_factory):
    """The verdict on AUCs of slices: `{slice: (rows, auc)}`, or with that of a baseline."""

    def verdict(asked, found, forced_by=None):
        folder = str(tmp_path_factory.mktemp("evaluation"))
        compared = any(len(numbers) == 3 for numbers in found.values())
        full = config_util.update_eval_config_with_defaults(
            asked, has_baseline=compared, rubber_stamp=True
        )
        candidate = "candidate" if compared else ""
        sliced = []
        for key, (rows, auc, *before) in found.items():
            metrics = {
                MetricKey("example_count", candidate): float(rows),
                MetricKey("auc", candidate): auc,
            }
            if before:
                metrics[MetricKey("example_count", "baseline")] = float(rows)
                metrics[MetricKey("auc", "baseline")] = before[0]
                metrics[MetricKey("auc", candidate, is_diff=True)] = auc - before[0]
            sliced.append((key, metrics))
        write(folder, sliced, full, {candidate: "somewhere"})
        verdict.validation = writer.load_and_deserialize_validation_result(folder)
        return judge(folder, asked, forced_by)

    return verdict


def test_without_rules_a_model_with_rows_to_judge_by_is_blessed(verdict):
    found = verdict(config(), {(): (10, 0.7)})

    assert (found.blessed, found.sentence, found.rules) == (True, "the spec has no rules", ())
    assert (found.metrics, found.baseline) == ({"auc": 0.7}, False)


def test_without_rows_no_model_is_blessed(verdict):
    found = verdict(config(), {})

    assert (found.blessed, found.sentence) == (False, "there are no rows to judge by")


@pytest.mark.parametrize(
    ("bound", "auc", "blessed", "said"),
    [
        ({"lower_bound": 0.65}, 0.65, True, "auc is 0.65, at least 0.65"),
        ({"lower_bound": 0.65}, 0.64, False, "auc is 0.64, expected at least 0.65"),
        ({"upper_bound": 0.65}, 0.66, False, "auc is 0.66, expected at most 0.65"),
        (
            {"lower_bound": 0.2, "upper_bound": 0.4},
            0.5,
            False,
            "auc is 0.5, expected at least 0.2 and at most 0.4",
        ),
        (
            {"lower_bound": 0.5},
            NAN,
            False,
            "auc is not a finite number (10 rows), expected at least 0.5",
        ),
        ({"lower_bound": 0.123456}, 0.1234321, False, "auc is 0.1234, expected at least 0.123456"),
    ],
)
def test_a_bound_is_told_with_what_was_found(verdict, bound, auc, blessed, said):
    found = verdict(config((value(**bound), [])), {(): (10, auc)})

    (rule,) = found.rules
    assert (found.blessed, rule.sentence) == (blessed, said)
    assert rule.outcome == ("holds" if blessed else "broken")
    assert (rule.metric, rule.rows, rule.slice, rule.baseline) == ("auc", 10, {}, None)
    assert rule.value == rule.found == (None if math.isnan(auc) else auc)
    assert found.sentence == ("1 rule holds" if blessed else said)


@pytest.mark.parametrize(
    ("bound", "aucs", "blessed", "said"),
    [
        (change(UP, absolute=-0.005), (0.7, 0.7), True, "auc changed by +0 from 0.7, at least"),
        (
            change(UP, absolute=-0.005),
            (0.68, 0.7),
            False,
            "auc changed by -0.02 from 0.7, expected at least -0.005",
        ),
        (
            change(DOWN, absolute=0.1),
            (0.8, 0.6),
            False,
            "auc changed by +0.2 from 0.6, expected at most +0.1",
        ),
        (
            change(UP, relative=-0.1),
            (0.5, 0.8),  # -0.3 / 0.8
            False,
            "auc changed by -37.5 % from 0.8, expected at least -10 %",
        ),
    ],
)
def test_a_change_is_told_with_its_baseline(verdict, bound, aucs, blessed, said):
    found = verdict(config((bound, [])), {(): (10, *aucs)})

    (rule,) = found.rules
    assert (found.blessed, found.baseline) == (blessed, True)
    assert rule.sentence.startswith(said)
    assert (rule.value, rule.baseline) == aucs


def test_changes_are_not_judged_without_a_baseline_and_that_is_said(verdict):
    rules = config((value(lower_bound=0.6), []), (change(UP, absolute=0.1), []))

    found = verdict(rules, {(): (10, 0.7)})

    assert found.blessed
    assert found.sentence == "1 rule holds, 1 not judged for want of a baseline"
    assert found.rules[1].outcome == "no_baseline"
    assert found.rules[1].sentence == "the change of auc is not judged: there is no baseline"


def test_a_rule_of_a_slice_is_judged_on_each_of_its_values(verdict):
    rules = config((value(lower_bound=0.65), ["carrier", "origin"]))
    other = (("carrier", b"AA"), ("origin", b"JFK"))

    found = verdict(rules, {(): (10, 0.1), UNITED: (4, 0.6), other: (6, 0.7)})

    assert [(rule.slice, rule.rows, rule.outcome) for rule in found.rules] == [
        ({"carrier": "UA", "origin": "Z\u00fcrich"}, 4, "broken"),
        ({"carrier": "AA", "origin": "JFK"}, 6, "holds"),
    ]
    assert found.sentence == (
        "auc where carrier = UA, origin = Z\u00fcrich is 0.6, expected at least 0.65"
    )


def test_a_slice_with_too_few_rows_is_not_judged_and_that_is_said(verdict):
    rules = config((value(lower_bound=0.65), ["carrier"]), least=5)
    united, american = (("carrier", b"UA"),), (("carrier", b"AA"),)

    both = verdict(rules, {(): (10, 0.1), united: (4, 0.1), american: (5, 0.7)})
    alone = verdict(rules, {(): (4, 0.1), united: (4, 0.1)})

    assert [rule.outcome for rule in both.rules] == ["too_few_rows", "holds"]
    assert both.rules[0].sentence == ("auc where carrier = UA is not judged: 4 rows, fewer than 5")
    assert both.sentence == "1 rule holds"
    assert (alone.blessed, alone.sentence) == (True, "0 rules hold, 1 not judged for want of rows")


def test_all_rows_are_judged_however_few(verdict):
    found = verdict(config((value(lower_bound=0.65), []), least=5), {(): (2, 0.1)})

    assert not found.blessed


def test_a_slice_that_no_row_is_in_breaks_its_rule(verdict):
    found = verdict(config((value(lower_bound=0.65), ["carrier", "origin"])), {(): (10, 0.7)})

    assert found.sentence == "no rows of slice carrier, origin to judge by"
    assert found.rules[0].slice == {}
    assert found.rules[0].columns == ("carrier", "origin")


def test_a_forced_blessing_names_who_forced_it_and_what_is_broken(verdict):
    rules = config((value(lower_bound=0.65), []))

    forced = verdict(rules, {(): (10, 0.6)}, forced_by="anna: known outage")
    needless = verdict(rules, {(): (10, 0.7)}, forced_by="anna: known outage")

    assert forced.blessed
    assert forced.sentence == (
        "forced by anna: known outage; otherwise not: auc is 0.6, expected at least 0.65"
    )
    assert (needless.sentence, needless.forced_by) == ("1 rule holds", "anna: known outage")


def test_of_many_broken_rules_the_sentence_tells_five_and_the_list_all(verdict):
    slices = {(("hour", hour),): (10, 0.1) for hour in range(7)}

    found = verdict(config((value(lower_bound=0.65), ["hour"])), {(): (70, 0.1), **slices})

    assert len(found.broken) == 7
    assert found.broken[0] == "auc where hour = 0 is 0.1, expected at least 0.65"
    assert found.sentence == "; ".join([*found.broken[:5], "and 2 more"])


def test_an_interval_is_told_beside_the_number(verdict):
    # t of 19 degrees at 97.5 % is 2.093: 0.6 - 2.093 * 0.01 and 0.6 + 2.093 * 0.01
    auc = ValueWithTDistribution(
        sample_mean=0.6,
        sample_standard_deviation=0.01,
        sample_degrees_of_freedom=19,
        unsampled_value=0.601,
    )

    found = verdict(config((value(lower_bound=0.65), [])), {(): (10, auc)})

    assert found.sentence == "auc is 0.601 [0.5791, 0.6209], expected at least 0.65"
    assert found.rules[0].interval == pytest.approx((0.5791, 0.6209), abs=1e-4)


def test_a_verdict_is_what_was_written(verdict):
    found = verdict(config((value(lower_bound=0.65), [])), {(): (10, NAN)})

    assert Verdict.model_validate_json(found.model_dump_json()) == found
    assert "NaN" not in found.model_dump_json()


AUC = st.sampled_from([0.0, 0.5, 0.65, 1.0, NAN]) | st.floats(0, 1)
BOUND = st.sampled_from([0.0, 0.5, 0.65, 1.0])


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_model_is_blessed_when_tfma_says_so(data, verdict):
    rules = data.draw(
        st.lists(
            st.tuples(
                st.one_of(
                    BOUND.map(lambda bound: value(lower_bound=bound)),
                    BOUND.map(lambda bound: value(upper_bound=bound)),
                    BOUND.map(lambda bound: change(UP, absolute=bound - 0.5)),
                    BOUND.map(lambda bound: change(DOWN, relative=bound - 0.5)),
                ),
                st.sampled_from([[], ["carrier"], ["plane"]]),
            ),
            max_size=4,
        )
    )
    numbers = (
        st.tuples(st.just(10), AUC, AUC)
        if data.draw(st.booleans())
        else st.tuples(st.just(10), AUC)
    )
    found = {key: data.draw(numbers) for key in ((), (("carrier", b"UA"),), (("carrier", b"AA"),))}

    judged = verdict(config(*rules), found)

    assert judged.blessed == verdict.validation.validation_ok
