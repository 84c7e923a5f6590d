"""Which metrics are watched, and which way is up."""

import subprocess
import sys
import typing

import pytest

from modules.spec.metrics import F1, Auc, LogLoss, Metric, Recall, best, called, watched

ARMS = typing.get_args(typing.get_args(Metric)[0])


def test_a_given_metric_takes_the_place_of_that_of_its_name():
    finer = Auc(thresholds=1000)

    found = watched([LogLoss(), finer], "binary")

    assert [called(metric) for metric in found] == ["auc", "accuracy", "log_loss"]
    assert found[0] is finer


def test_two_curves_stand_beside_each_other():
    found = watched([Auc(curve="pr")], "binary")

    assert [called(metric) for metric in found] == ["auc", "accuracy", "pr_auc"]


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.model_fields["name"].default)
def test_every_metric_may_be_monitored_on_both_splits(arm):
    name = called(arm())

    assert best(name) == best(f"val_{name}") == arm.best


@pytest.mark.parametrize(
    ("monitor", "direction"),
    [("val_loss", "min"), ("loss", "min"), ("val_pr_auc", "max"), ("val_rmse", "min")],
)
def test_a_monitor_has_its_direction(monitor, direction):
    assert best(monitor) == direction


def test_a_monitor_that_is_no_metric_is_told():
    with pytest.raises(ValueError, match="monitor: got 'val_kappa', expected one of loss, auc"):
        best("val_kappa")


@pytest.mark.parametrize("metric", [F1, Recall])
def test_a_threshold_is_a_probability(metric):
    for wrong in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="threshold"):
            metric(threshold=wrong)


def test_a_spec_is_read_without_keras():
    program = (
        "import sys, pipeline.training, modules.spec.learning; "
        "print(any(name.split('.')[0] in ('keras', 'tensorflow') for name in sys.modules))"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "False\n"
